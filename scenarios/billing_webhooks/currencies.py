"""Currencies, and how many decimals their smallest unit makes.

As Stripe counts them: https://docs.stripe.com/currencies. Amounts are always whole numbers of the
smallest unit; the decimals matter where people write or read an amount.
"""

from __future__ import annotations

_ZERO = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
_THREE = "bhd jod kwd omr tnd"
_TWO = (
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd btn bwp byn bzd "
    "cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd "
    "hnl htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt "
    "mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub "
    "sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst "
    "xcd yer zar zmw"
)

EXPONENTS = {
    code: exponent
    for exponent, codes in ((0, _ZERO), (2, _TWO), (3, _THREE))
    for code in codes.split()
}
"""Currency code, in small letters → decimals."""
