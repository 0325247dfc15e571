"""The courts of Ningbo, the villages of Yuyao, and place names."""

from demo.city.cast import DEMO_COURT, DEMO_VILLAGE

NEIGHBOUR_COURT = "浙0282"
"""Cixi, the second court of the demo with deductions."""

NINGBO_COURTS = (
    "浙02", "浙0203", "浙0205", "浙0206", "浙0211", "浙0212", "浙0213", "浙0225", "浙0226", DEMO_COURT,
    NEIGHBOUR_COURT, "浙0291",
)  # fmt: skip
"""The intermediate court and its eleven basic courts."""

PLACE_NAMES = {
    "浙0225": "象山县",
    "浙0226": "宁海县",
    DEMO_COURT: "余姚市",
    NEIGHBOUR_COURT: "慈溪市",
}
"""The place in names of organizations; elsewhere it is Ningbo."""

VILLAGES = (
    DEMO_VILLAGE, "梁弄镇横坎头村", "陆埠镇裘岙村", "马渚镇四联村", "兰江街道石婆桥村", "阳明街道群立村",
    "泗门镇谢家路村", "临山镇邵家丘村", "黄家埠镇回龙村", "河姆渡镇小泾浦村", "大隐镇学士桥村", "三七市镇二六市村",
)  # fmt: skip
"""Villages of Yuyao with moral-bank accounts."""

HISTORIC_DIVISIONS = {DEMO_COURT: "330219"}
"""The former division of Yuyao, which numbers of residents born before 1910 contain."""
