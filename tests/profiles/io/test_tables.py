"""Columns of a table: faults by row and column, many of them counted."""

from pathlib import Path

import pytest

from profiles.io.faults import ScoresError
from profiles.score_tables.scores import load_scores


def test_many_faulty_cells_are_counted(case: Path) -> None:
    rows = "".join(f"p{i},x,0.5\n" for i in range(5000))
    (case / "scores.csv").write_text("prompt_id,NO,NA\n" + rows)
    with pytest.raises(ScoresError) as caught:
        load_scores(case / "scores.csv", ["NO", "NA"])
    assert len(caught.value.faults) == 21
    assert "rows 22 to 5001, column NO: this is not a number: 4980 more cells" in str(caught.value)
