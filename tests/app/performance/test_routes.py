"""The model pages' routes as a caller meets them."""

import hashlib
import json
import shutil

import pytest

from app.performance import service
from app.performance.held_out import FILE, PERFORMANCE
from app.registry.artifacts import CHECKSUMS
from tests import factories
from tests.sealed import champion_folder

PARTS = ("/performance", "/thresholds", "/comparison", "/importance", "/slices", "/clv", "/confusion", "/profit",
         "/policy.json", "/charts/roc", "/charts/profit", "/report")  # fmt: skip


@pytest.fixture
def client(served):
    return served


@pytest.fixture
def version(client):
    return client.app.state.registry.champions["telecom-usage"].version


@pytest.fixture
def base(version):
    return f"/models/telecom-usage/versions/{version}"


def get(client, address, status=200, **query):
    answer = client.get(address, params=query or None)
    assert answer.status_code == status, answer.text
    return answer.json()


def problems_of(client, address, **query):
    return {entry["field"]: entry["message"] for entry in get(client, address, 422, **query)["errors"]}


def test_the_versions_of_a_model_are_listed_with_the_one_that_answers(client, version):
    listed = get(client, "/models/telecom-usage/versions")["versions"]
    (champion,) = (entry for entry in listed if entry["is_champion"])
    card = get(client, "/models/telecom-usage")
    assert champion["version"] == version
    assert champion["roc_auc"] == card["reported"]["churn"]["roc_auc"]
    assert champion["trained_on"] == {name: card["data"]["training"][name] for name in ("file", "rows")}
    assert champion["has_performance"]


def test_the_versions_of_every_model_can_be_listed_also_of_one_that_learned_from_a_log(client):
    listed = {model["name"]: get(client, f"/models/{model['name']}/versions")["versions"]
              for model in get(client, "/models")["models"]}  # fmt: skip
    assert all(listed.values())
    assert listed["events-churn"][0]["trained_on"] is None
    assert listed["events-churn"][0]["roc_auc"]["value"] > 0.5


def test_the_card_of_a_version_is_the_models_card(client, base):
    assert get(client, base) == get(client, "/models/telecom-usage")


def test_the_page_gets_everything_at_first_and_each_part_alone(client, base):
    page = get(client, f"{base}/performance")
    assert page["model"]["is_champion"]
    for part in ("thresholds", "comparison", "importance", "slices", "clv"):
        assert get(client, f"{base}/{part}") == page[part]
    for chart in page["charts"]:
        assert get(client, f"{base}/charts/{chart['id']}") == chart
    assert get(client, f"{base}/charts/profit") == get(client, f"{base}/profit")["chart"]
    assert {chart["id"] for chart in page["charts"]} == {
        "roc", "precision-recall", "calibration", "lift", "gain", "score-histogram", "clv-predicted", "clv-residuals",
        "importance",
    }  # fmt: skip


def test_the_matrix_is_at_the_cut_point_in_use_when_nobody_says(client, base):
    in_use = get(client, f"{base}/performance")["figures"]["cut_point"]
    assert get(client, f"{base}/confusion") == get(client, f"{base}/confusion", cut_point=in_use)


def test_the_range_of_the_save_rate_follows_the_save_rate(client, base):
    inputs = get(client, f"{base}/profit", save_rate=0.95)["inputs"]
    assert (inputs["save_rate_low"], inputs["save_rate_high"]) == (0.85, 1.0)
    named = get(client, f"{base}/profit", save_rate_low=0.1, save_rate_high=0.9)["inputs"]
    assert (named["save_rate_low"], named["save_rate_high"]) == (0.1, 0.9)


def test_an_empty_number_is_one_nobody_gave(client, base):
    assert get(client, f"{base}/profit?save_rate_low=&save_rate_high=") == get(client, f"{base}/profit")


def test_a_policy_is_a_file_that_repeats_what_was_chosen(client, base, version):
    answer = client.get(f"{base}/policy.json", params={"cut_point": 0.4, "offer_cost": 25})
    policy = answer.json()
    assert answer.headers["content-disposition"] == f'attachment; filename="telecom-usage-{version}-policy.json"'
    assert (policy["cut_point"], policy["inputs"]["offer_cost"]) == (0.4, 25)
    curve = dict(get(client, f"{base}/charts/profit", offer_cost=25)["series"][0]["points"])
    assert policy["profit_usd_per_1000"]["value"] == pytest.approx(curve[0.4], abs=0.011)
    assert "Nothing has changed" in policy["note"]
    best = get(client, f"{base}/policy.json", offer_cost=25)
    assert best["cut_point"] == best["best"]["cut_point"]


def test_the_best_cut_point_is_taken_along_with_its_corrected_profit(client, base):
    best = get(client, f"{base}/policy.json", offer_cost=25)
    assert best["profit_usd_per_1000"] == best["best"]["profit_usd_per_1000"]
    assert best["best"]["optimism_usd_per_1000"] is not None
    assert get(client, f"{base}/policy.json", offer_cost=25, cut_point=best["cut_point"]) == best
    assert "seemed to add" in best["note"]


def test_where_no_cut_point_pays_none_is_named_anywhere(client, base):
    inputs = {"contact_cost": 50, "offer_cost": 500, "save_rate": 0.1, "value_share": 0.2}
    found = get(client, f"{base}/profit", **inputs)
    assert found["best"]["cut_point"] is None
    assert found["chart"]["marks"] == []
    assert found["chart"]["title"] == "No cut-point pays for its calls at an assumed save rate of 10 %."
    assert found["message"].endswith("no cut-point pays for its calls.")
    policy = get(client, f"{base}/policy.json", **inputs)
    assert (policy["cut_point"], policy["called_share"], policy["profit_usd_per_1000"]["value"]) == (None, 0.0, 0.0)
    chosen = get(client, f"{base}/policy.json", **inputs, cut_point=0.5)
    assert (chosen["cut_point"], chosen["best"]["cut_point"]) == (0.5, None)


def test_exporting_a_policy_changes_no_answer(client, base):
    before = client.post("/predict", json=factories.a_customer()).json()
    get(client, f"{base}/policy.json", cut_point=0.9)
    after = client.post("/predict", json=factories.a_customer()).json()
    assert {**after, "prediction_id": ""} == {**before, "prediction_id": ""}


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("contact_cost=x", "contact_cost", "Cost of a contact (USD) must be a number from 0 to 1,000,000"),
        ("contact_cost=", "contact_cost", "Cost of a contact (USD) must be a number from 0 to 1,000,000"),
        ("offer_cost=-1", "offer_cost", "Cost of an offer (USD) must be a number from 0 to 1,000,000"),
        ("offer_cost=1e999", "offer_cost", "Cost of an offer (USD) must be a number from 0 to 1,000,000"),
        ("save_rate=1.01", "save_rate", "Save rate must be a number from 0 to 1"),
        ("save_rate=nan", "save_rate", "Save rate must be a number from 0 to 1"),
        ("value_share=2", "value_share", "Value saved must be a number from 0 to 1"),
        ("save_rate_low=0.5", "save_rate_low", "Lowest save rate must not be above the save rate"),
        ("save_rate_high=0.1", "save_rate_high", "Highest save rate must not be below the save rate"),
    ],
)
def test_an_input_that_cannot_be_is_named_with_what_to_do(client, base, query, field, message):
    for part in ("profit", "policy.json", "charts/profit"):
        assert problems_of(client, f"{base}/{part}?{query}") == {field: message}


@pytest.mark.parametrize("cut_point", ["-0.1", "1.5", "high", "0,3"])
def test_a_cut_point_outside_the_probabilities_is_refused(client, base, cut_point):
    expected = {"cut_point": "Cut-point must be a number from 0 to 1"}
    assert problems_of(client, f"{base}/confusion", cut_point=cut_point) == expected
    assert problems_of(client, f"{base}/policy.json", cut_point=cut_point) == expected


@pytest.mark.parametrize("part", PARTS)
def test_a_version_that_is_not_here_says_so(client, part):
    gone = get(client, f"/models/telecom-usage/versions/no-such{part}", 404)
    assert gone["code"] == "version_gone"
    assert gone["detail"] == "Version no-such of telecom-usage is not on this server."


def test_a_model_that_is_not_here_says_so(client):
    assert get(client, "/models/none/versions", 404)["detail"].startswith("There is no model of that name.")
    assert get(client, "/models/none/versions/1/performance", 404)["code"] == "version_gone"


def test_a_chart_that_does_not_exist_names_those_that_do(client, base):
    detail = get(client, f"{base}/charts/none", 404)["detail"]
    assert "calibration" in detail
    assert "profit" in detail


def copied_models(tmp_path):
    return shutil.copytree(factories.ROOT / "models", tmp_path / "models")


def test_a_version_without_performance_says_so_and_the_list_tells_it_beforehand(start_service, tmp_path):
    models = copied_models(tmp_path)
    folder = champion_folder(models, "telecom-core")
    for name in (PERFORMANCE, FILE):
        (folder / name).unlink()
    lines = (folder / CHECKSUMS).read_text().splitlines(keepends=True)
    (folder / CHECKSUMS).write_text("".join(line for line in lines if line.split()[1] not in (PERFORMANCE, FILE)))
    client = start_service(models_dir=models)
    gone = get(client, f"/models/telecom-core/versions/{folder.name}/performance", 404)
    assert gone["code"] == "version_gone"
    assert gone["detail"] == (
        f"Version {folder.name} of telecom-core was sealed before figures were kept with a version. Choose a newer one."
    )
    entry = get(client, "/models/telecom-core/versions")["versions"][0]
    assert not entry["has_performance"]
    assert entry["reason"] is None


def resealed(folder, name, content):
    """Seal a file anew with other content."""
    (folder / name).write_bytes(content)
    lines = (folder / CHECKSUMS).read_text().splitlines(keepends=True)
    digest = hashlib.sha256(content).hexdigest()
    kept = [line if line.split()[1] != name else f"{digest}  {name}\n" for line in lines]
    (folder / CHECKSUMS).write_text("".join(kept))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (PERFORMANCE, lambda content: json.dumps({**json.loads(content), "schema": 99}).encode()),
        (PERFORMANCE, lambda content: b"{}"),
        (PERFORMANCE, lambda content: b"[]"),
        (PERFORMANCE, lambda content: content[:-9]),
        (FILE, lambda content: content[:-40]),
        (FILE, lambda content: b"no archive"),
    ],
    ids=["another layout", "empty", "list", "cut off", "archive cut off", "no archive"],
)
def test_a_version_sealed_with_another_layout_says_so(start_service, tmp_path, name, change):
    models = copied_models(tmp_path)
    folder = champion_folder(models, "telecom-core")
    resealed(folder, name, change((folder / name).read_bytes()))
    client = start_service(models_dir=models)
    for part in ("performance", "confusion", "profit", "report"):
        gone = get(client, f"/models/telecom-core/versions/{folder.name}/{part}", 404)
        assert gone["code"] == "version_gone"
        sentence = "keeps its figures in a way that this release cannot read."
        assert gone["detail"] == f"Version {folder.name} of telecom-core {sentence}"


def test_figures_that_do_not_match_the_seal_are_not_shown(start_service, tmp_path):
    models = copied_models(tmp_path)
    folder = champion_folder(models, "telecom-core")
    client = start_service(models_dir=models)
    page = json.loads((folder / PERFORMANCE).read_text())
    page["figures"]["roc_auc"]["value"] = 0.999
    (folder / PERFORMANCE).write_text(json.dumps(page))
    gone = get(client, f"/models/telecom-core/versions/{folder.name}/performance", 404)
    assert "does not match its checksum" in gone["detail"]


def test_a_broken_older_version_is_listed_with_its_reason(start_service, tmp_path):
    models = copied_models(tmp_path)
    folder = champion_folder(models, "telecom-core")
    older = shutil.copytree(folder, folder.with_name("0"))
    (older / "model.onnx").write_bytes(b"other")
    listed = get(start_service(models_dir=models), "/models/telecom-core/versions")["versions"]
    assert [entry["version"] for entry in listed] == [folder.name, "1", "0"]
    assert "does not match its checksum" in listed[-1]["reason"]


def test_a_version_is_read_once(start_service, base, monkeypatch):
    client, reads = start_service(), []
    original = service.read_file
    monkeypatch.setattr(service, "read_file", lambda *asked: reads.append(asked) or original(*asked))
    for _ in range(3):
        get(client, f"{base}/performance")
        get(client, f"{base}/profit")
    assert len(reads) == 2
