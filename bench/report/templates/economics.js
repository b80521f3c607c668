// The formula of bench/analysis/economics.py, with the same rates and draws: the same cents.
const Economics = (() => {
  const cost = (rates, candidate, p) => {
    const volume = p.volume * p.growth;
    return {
      processing: volume * rates[3],
      errors: volume * (rates[0] * p.error + rates[1]),
      review: volume * rates[2] * p.minutes / 60 * p.hourly,
      changes: p.changes * candidate.hours * p.hourly,
      build: candidate.build * p.hourly / p.months,
    };
  };
  const total = (c) => c.processing + c.errors + c.review + c.changes + c.build;
  const perRecord = (c) => c.processing + c.errors + c.review;
  const bounds = (values) => {
    const ordered = [...values].sort((a, b) => a - b);
    const cut = Math.max(0, Math.floor(0.025 * (ordered.length + 1)) - 1);
    return [ordered[cut], ordered[ordered.length - 1 - cut]];
  };
  const interval = (candidate, p) => {
    const estimate = total(cost(candidate.rates, candidate, p));
    const [low, high] = bounds(candidate.draws.map((d) => total(cost(d, candidate, p))));
    return [Math.min(low, estimate), Math.max(high, estimate)];
  };
  const cheapest = (candidates, p) =>
    candidates.reduce((best, each) =>
      total(cost(each.rates, each, p)) < total(cost(best.rates, best, p)) ? each : best);
  const certainty = (best, candidates, p) => {
    const mine = best.draws.map((d) => total(cost(d, best, p)));
    const others = candidates.filter((c) => c !== best)
      .map((c) => c.draws.map((d) => total(cost(d, c, p))));
    const held = mine.filter((value, n) => others.every((other) => value <= other[n])).length;
    return held / mine.length;
  };
  const crossing = (lower, other) => {
    const headStart = other[0] - lower[0], gain = lower[1] - other[1];
    if (gain <= 0) return headStart >= 0 ? Infinity : 0;
    return Math.max(0, headStart / gain);
  };
  const breakEven = (one, two, line) => {
    const [lower, other] =
      line(one, one.rates)[0] <= line(two, two.rates)[0] ? [one, two] : [two, one];
    const at = crossing(line(lower, lower.rates), line(other, other.rates));
    const drawn = lower.draws.map((d, n) => crossing(line(lower, d), line(other, other.draws[n])));
    const [low, high] = bounds([...drawn, at]);
    return { below: lower.name, above: other.name, at, low: Math.min(low, at), high: Math.max(high, at) };
  };
  const breakEvenVolume = (one, two, p) => {
    const unit = { ...p, volume: 1 };
    return breakEven(one, two, (c, rates) => {
      const parts = cost(rates, c, unit);
      return [parts.changes + parts.build, perRecord(parts)];
    });
  };
  const breakEvenChanges = (one, two, p) => {
    const unit = { ...p, changes: 1 };
    return breakEven(one, two, (c, rates) => {
      const parts = cost(rates, c, unit);
      return [perRecord(parts) + parts.build, parts.changes];
    });
  };
  // [changes][volume] of {winner, certainty}
  const map = (candidates, p, volumes, changes) => {
    const unit = { ...p, volume: 1, changes: 1 };
    const lines = candidates.map((c) => {
      const parts = cost(c.rates, c, unit);
      return {
        slope: perRecord(parts), change: parts.changes, build: parts.build,
        draws: c.draws.map((d) => perRecord(cost(d, c, unit))),
      };
    });
    return changes.map((change) => volumes.map((volume) => {
      const at = (line, slope) => change * line.change + line.build + volume * slope;
      let winner = 0;
      lines.forEach((line, n) => {
        if (at(line, line.slope) < at(lines[winner], lines[winner].slope)) winner = n;
      });
      const best = lines[winner];
      let held = 0;
      for (let d = 0; d < best.draws.length; d++) {
        const mine = at(best, best.draws[d]);
        if (lines.every((line) => mine <= at(line, line.draws[d]) * (1 + 1e-12))) held++;
      }
      return { winner, certainty: held / best.draws.length };
    }));
  };
  return { cost, total, interval, cheapest, certainty, breakEvenVolume, breakEvenChanges, map };
})();
