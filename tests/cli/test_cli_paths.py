"""Paths are shown as seen from where the user stands."""


def test_check_and_analysis_show_paths_below_the_current_folder_as_given(hftsim, tmp_path):
    hftsim("create-sample-data", "--rows", 300, "--out", "a.csv")
    checked = hftsim("check", "a.csv", "--out", "found")
    assert "picture: found/a.csv.png\n" in checked.out
    hftsim("backtest", "--data", "a.csv", "--strategy", "sma-cross", "--out", "run")
    analysed = hftsim("analysis", "run", "--out", "looked")
    assert analysed.out.endswith("folder: looked\n")
    assert str(tmp_path) not in checked.out + analysed.out


def test_a_path_elsewhere_is_shown_whole(hftsim, tmp_path, monkeypatch):
    hftsim("create-sample-data", "--rows", 300, "--out", "a.csv")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    checked = hftsim("check", "../a.csv", "--out", tmp_path / "found")
    assert f"picture: {tmp_path}/found/a.csv.png\n" in checked.out
