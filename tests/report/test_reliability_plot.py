"""The reliability diagram as a picture: its dots are the numbers."""

import numpy as np
import pytest

from jprob import calibrate, report


@pytest.mark.parametrize("num", [1, 2])
def test_dots_are_the_bins_that_have_rows(num, tmp_path):
    p = np.array([0.05, 0.35, 0.35, 0.9, 0.95])
    diagram = calibrate.reliability(p, [0, 1, 0, 1, 1], num_bins=10)
    figure = report.plot.reliability(*[diagram] * num, labels=("ours $", "theirs")[:num])
    axes = figure.axes[0]
    drawn = [artist.lines[0].get_xydata() for artist in axes.containers if hasattr(artist, "lines")]
    assert len(drawn) == num
    np.testing.assert_allclose(drawn[0], [[0.05, 0], [0.35, 0.5], [0.9, 1], [0.95, 1]], atol=1e-6)
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000
