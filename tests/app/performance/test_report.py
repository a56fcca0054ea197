"""The printed card stands alone: it loads nothing, runs nothing, and says what the version says."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from app.performance import report
from app.registry.artifacts import CHECKSUMS
from app.web.security_headers import CONTENT_SECURITY_POLICY


class Reader(HTMLParser):
    """Collects tags with their attributes, and the text outside the style."""

    def __init__(self):
        super().__init__()
        self.tags, self.style, self.text, self._in_style = [], "", [], False

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag):
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data):
        if self._in_style:
            self.style += data
        else:
            self.text.append(data)


@pytest.fixture
def client(served):
    return served


@pytest.fixture(params=["telecom-core", "telecom-usage"])
def sealed(client, request):
    return client.app.state.registry.champions[request.param]


@pytest.fixture
def answer(client, sealed):
    printed = client.get(f"/models/{sealed.name}/versions/{sealed.version}/report")
    assert printed.status_code == 200
    assert printed.headers["content-type"] == "text/html; charset=utf-8"
    return printed


@pytest.fixture
def page(answer):
    reader = Reader()
    reader.feed(answer.text)
    return reader


def test_its_only_policy_allows_its_one_style_and_nothing_else(answer, page):
    policies = answer.headers.get_list("content-security-policy")
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_other_answer_keeps_the_common_policy(client):
    for address in ("/", "/models", "/models/none/versions/1/report"):
        assert client.get(address).headers.get_list("content-security-policy") == [CONTENT_SECURITY_POLICY]


def test_it_runs_nothing_and_loads_nothing(page):
    assert [tag for tag, _ in page.tags].count("style") == 1
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "href")], tag
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_it_prints_on_a4(page):
    assert re.search(r"@page\s*{\s*size:\s*A4", page.style)
    assert "@media print" in page.style


def test_it_says_data_label_method_figures_limits_and_digest(sealed, page):
    text = " ".join(" ".join(page.text).split())
    card = sealed.card
    for side in ("training", "reporting"):
        assert card["data"][side]["sha256"] in text
        assert f"{card['data'][side]['rows']:,} customers" in text
    for limit in card["limits"]:
        assert limit in text
    for heading in ("Data", "Method", "Figures on the held-out customers", "Calibration", "Comparison", "Importance",
                    "Slices", "Limits", "Digest"):  # fmt: skip
        assert heading in [part.strip() for part in page.text]
    figures = card["reported"]["churn"]
    for name in ("roc_auc", "brier_score", "recall", "specificity"):
        figure = figures[name]
        assert f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})" in text, name
    sums = (sealed.folder / CHECKSUMS).read_bytes()
    assert hashlib.sha256(sums).hexdigest() in text
    for line in sums.decode().splitlines():
        assert " ".join(line.split()) in text


def test_every_curve_has_a_name_and_its_message_beside_it(page):
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawings) == len(report.DRAWN)
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)
    assert len([tag for tag, _ in page.tags if tag == "polygon"]) == len(report.DRAWN)


def test_points_stay_on_the_drawing(page):
    for tag, attributes in page.tags:
        if tag in ("polyline", "polygon"):
            for x, y in (map(float, point.split(",")) for point in attributes["points"].split()):
                assert 0 <= x <= report.WIDTH
                assert 0 <= y <= report.HEIGHT


def test_what_a_card_says_is_text_and_never_markup(client, sealed, monkeypatch):
    hostile = "<script>alert(1)</script>"
    monkeypatch.setitem(sealed.card["churn"], "method", hostile)
    opened = client.app.state.performance.opened(sealed.name, sealed.version)
    printed = report.render(opened)
    assert hostile not in printed
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in printed
