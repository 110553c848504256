"""The page Router: what it shows of the example's plan, prices over load, the test on other
prompts, and files with faults.
"""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.router import Router
from tests.support.page.page_app import opened, settle, unescaped, words


@pytest.fixture(scope="module")
def page() -> AppTest:
    return settle(opened("router"), "router-policy").run()


def result(app: AppTest, slot: str) -> Any:
    return app.session_state["job-slots"][slot].outcome.result


def test_it_shows_prices_and_realised_fractions(page: AppTest) -> None:
    content = page.session_state["shown"].content
    cost = content["cost_usd_per_h"]
    said = unescaped(page)
    assert f"**Costs {cost:,.2f} USD/h**; the cost of the best single LLM is not known yet" in said
    frame = page.dataframe[0].value
    assert list(frame["LLM"]) == list(content["routing"])
    assert list(frame["Planned (%)"]) == pytest.approx(
        [100 * part for part in content["routing"].values()]
    )
    assert list(frame["Realised (%)"]) == pytest.approx(list(frame["Planned (%)"]), abs=0.05)
    assert frame["By prompt id (%)"].sum() == pytest.approx(100.0)
    assert [None if price != price else price for price in frame["Dual price (score)"]] == list(
        content["dual_prices"].values()
    )


def test_one_prompt_goes_where_the_library_sends_it(page: AppTest) -> None:
    found = result(page, "router-policy")
    router, prompts = Router(found["policy"]), dict(found["prompts"])
    for name in list(prompts)[:3]:
        page.selectbox(key="router-prompt").select(name).run()
        chosen = router.choose(prompts[name], name)
        decisions = next(one.value for one in page.dataframe if "Chosen" in one.value)
        assert list(decisions.loc[decisions["Chosen"], "LLM"]) == [chosen]
        assert f"{chosen} answers" in unescaped(page)


def test_prices_over_load_come_with_a_policy_that_follows_the_rate() -> None:
    app = settle(opened("router"), "router-policy").run()
    app.button(key="router-rates").click().run()
    app = settle(app, "router-rates").run()
    found = result(app, "router-rates")
    assert "This setup keeps every SLO" in words(app)
    assert {"Rate (req/s)", "SLOs", "Quality (score)"} <= set(found["rates"].columns)
    router = Router(json.loads(found["json"]))
    planned = app.session_state["shown"].content["context"]["arrival_rate_rps"]
    assert router.at_rate(0.5 * planned).rate == pytest.approx(0.5 * planned)
    app.selectbox(key="router-measure").select("Fraction (%)").run()
    assert not app.exception


def test_a_split_is_tested_and_reported_with_its_limits() -> None:
    app = settle(opened("router"), "router-policy").run()
    app.button(key="router-test").click().run()
    app = settle(app, "router-test").run()
    found = result(app, "router-test")
    assert found["verdict"] in ("holds", "uncertain", "misses")
    assert "Prices were computed on" in words(app)
    assert "against the best single LLM" in words(app)
    cost = found["cost"]
    assert f"Costs {cost.plan:,.2f} USD/h" in words(app)
    assert unescaped(app).count(f"({cost.single_llm}) costs {cost.single:,.2f} USD/h") == 2
    frames = [set(one.value.columns) for one in app.dataframe]
    for column in ("Router gains (score)", "Realised (%)", "Verdict", "Predicted quality (score)"):
        assert any(column in columns for columns in frames)
    app.number_input(key="router-seed").set_value(7).run()
    assert "inputs changed" in words(app)


def test_uploaded_tables_with_faults_are_reported_all_at_once_by_their_own_names() -> None:
    app = settle(opened("router"), "router-policy").run()
    app.segmented_control(key="router-how").set_value("Other scores").run()
    assert app.button(key="router-test").disabled
    app.file_uploader(key="router-scores").set_value(
        ("mine *1*.csv", b"prompt_id,nobody\na,0.5\n", "text/csv")
    ).run()
    app.file_uploader(key="router-grades").set_value(("truth.csv", b"a,b\n1,2\n", "text/csv")).run()
    app.button(key="router-test").click().run()
    app = settle(app, "router-test").run()
    reported = app.error[0].value.replace("\\", "")
    assert "mine *1*.csv" in reported
    assert "truth.csv" in reported
    assert "/tmp" not in reported  # noqa: S108 - a path on the server
    assert not app.exception


def test_uploaded_scores_and_grades_are_used() -> None:
    app = settle(opened("router"), "router-policy").run()
    prompts = result(app, "router-policy")["prompts"]
    llms = list(prompts[0][1])
    lines = [
        ",".join(["prompt_id", *llms]),
        *(",".join([f"new-{k}", *map(str, row.values())]) for k, (_, row) in enumerate(prompts)),
    ]
    table = "\n".join(lines).encode()
    app.segmented_control(key="router-how").set_value("Other scores").run()
    app.file_uploader(key="router-scores").set_value(("other.csv", table, "text/csv")).run()
    app.file_uploader(key="router-grades").set_value(("truth.csv", table, "text/csv")).run()
    app.button(key="router-test").click().run()
    app = settle(app, "router-test").run()
    found = result(app, "router-test")
    assert found["graded"]
    assert found["prompts"] == len(prompts)
    graded = found["routings"]
    assert list(graded["Graded quality (score)"]) == pytest.approx(
        list(graded["Predicted quality (score)"])
    )
