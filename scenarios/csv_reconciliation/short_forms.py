"""English given names and the short forms that people use for them."""

from __future__ import annotations

from collections.abc import Mapping

_TABLE = """
abigail abby gail | albert al bert bertie | alexander alex al sandy xander | alexandra alex sandra
alfred alf alfie fred | amanda mandy | andrew andy drew | angela angie | anthony tony
archibald archie | arthur art artie | barbara barb barbie babs | benjamin ben benny
bernard bernie | bradley brad | calvin cal | caroline carrie caro
catherine cathy cate kate katie cat | charles charlie chuck chas | charlotte lottie charlie
christine chris tina chrissie | christopher chris kit topher | clifford cliff | cynthia cindy
daniel dan danny | david dave davy | deborah deb debbie debby | dennis denny | dominic dom
donald don donnie | dorothy dot dottie dolly | douglas doug | edward ed eddie ned ted teddy
eleanor ellie nell nora | elizabeth liz lizzie beth betty bess eliza libby lisa | emily em emmy
eugene gene | frances fran franny | francis frank fran | franklin frank | frederick fred freddie
gabriel gabe | gabrielle gabby | gerald gerry jerry | geraldine gerry | gilbert gil bert
gregory greg gregg | gwendolyn gwen | harold hal harry | helen nell nellie | henry harry hank hal
herbert herb bert | isabella bella izzy | jacob jake | jacqueline jackie | james jim jimmy jamie
janet jan | jeffrey jeff | jennifer jen jenny | jeremy jerry | jessica jess jessie
john johnny jack | jonathan jon jonny | joseph joe joey | joshua josh | judith judy
katherine kate kathy katie kathryn | kenneth ken kenny | kimberly kim | lawrence larry
leonard leo len lenny | leslie les | lillian lily lil | louis lou | louise lou | madeline maddie
margaret maggie meg peggy madge marge margie greta | martin marty | matthew matt matty
maximilian max | melissa mel missy | michael mike mick mickey | mitchell mitch | nancy nan
natalie nat | nathaniel nat nate nathan | nicholas nick nicky | nicole nicky nikki | norman norm
oliver ollie | pamela pam | patricia pat patty tricia trish | patrick pat paddy | peter pete
philip phil pip | phillip phil pip | priscilla cilla | rachel rach | randolph randy | raymond ray
rebecca becky becca | reginald reg reggie | richard dick rich rick ricky
robert bob bobby rob robbie bert | roderick rod | rodney rod | roger rodge | ronald ron ronnie
rosemary rosie rose | russell russ | samantha sam | samuel sam sammy | sandra sandy
sarah sally sadie | sebastian seb bastian | sharon shari | sidney sid | solomon sol | stanley stan
stephanie steph | stephen steve stevie | steven steve stevie | stuart stu | susan sue susie suzy
sylvester sly | terence terry | teresa terry tess | theodore ted teddy theo | theresa terry tess
thomas tom tommy | timothy tim timmy | valerie val | veronica ronnie | victor vic
victoria vicky tori | vincent vince vinnie | virginia ginny | walter walt wally | wilfred wilf
william bill billy will willie liam | winifred winnie | zachary zach zack
"""


def _read() -> Mapping[str, frozenset[str]]:
    lines = (line for row in _TABLE.strip().splitlines() for line in row.split("|"))
    return {full: frozenset(shorts) for full, *shorts in (line.split() for line in lines)}


SHORT_FORMS = _read()
"""Folded full name → its short forms."""


def is_short_form(one: str, other: str) -> bool:
    """Whether one of two folded names is a usual short form of the other."""
    return other in SHORT_FORMS.get(one, ()) or one in SHORT_FORMS.get(other, ())


def share_full_name(one: str, other: str) -> bool:
    """Whether both may be short for the same name, such as Bob and Rob."""
    return any(one in shorts and other in shorts for shorts in SHORT_FORMS.values())
