"""Pages for people: what each says, to whom, and what it takes."""

from world import ISSUER, World

from pages.static_files import address_of

PAGE = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9"}
ENGLISH = {"accept": "text/html", "accept-language": "en"}


def test_the_first_page_says_in_both_languages_where_to_begin(world: World) -> None:
    page = world.http.get("/", headers=PAGE)
    assert page.status_code == 200
    for text in ("诉信查询", "Look-up", 'href="/look"', 'href="/developers"', "本服务的运行单位尚未登记名称。"):
        assert text in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "script" not in policy


def test_the_language_is_the_browser_s_unless_another_is_asked_for(world: World) -> None:
    assert '<html lang="en">' in world.http.get("/", headers=ENGLISH).text
    assert '<html lang="zh-CN">' in world.http.get("/", headers=PAGE).text
    assert '<html lang="zh-CN">' in world.http.get("/", headers={"accept-language": "fr"}).text
    asked = world.http.get("/?lang=zh-CN", headers=ENGLISH).text
    assert '<html lang="zh-CN">' in asked
    assert 'href="/look?lang=zh-CN"' in asked


def test_static_files_are_compressed_and_never_change(world: World) -> None:
    style = world.http.get(address_of("site.css"), headers={"accept-encoding": "gzip"})
    assert style.headers["content-encoding"] == "gzip"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = world.http.get(address_of("site.css"), headers={"accept-encoding": "identity"})
    assert plain.text == style.text
    assert world.http.get("/static/site.css").status_code == 404


def test_an_address_without_a_page_leads_to_the_first_page(world: World) -> None:
    page = world.http.get("/nothing/<b>", headers=PAGE)
    assert page.status_code == 404
    assert 'href="/"' in page.text
    assert "<b>" not in page.text
    told = world.http.get("/nothing")
    assert told.status_code == 404
    assert f"{ISSUER}/ " in told.text
