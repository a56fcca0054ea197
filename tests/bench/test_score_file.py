from tests.bench.score_file import score, write_customers


def test_a_run_is_measured_over_all_its_processes(tmp_path):
    source = tmp_path / "in.csv"
    write_customers(source, 300)
    run = score(source, 300)
    assert source.read_bytes().count(b"\r\n") == 301
    assert (tmp_path / "out.csv").read_bytes().count(b"\r\n") == 301
    assert run.cpu_seconds > 0
    assert 20 < run.peak_mib < 450
    assert run.rows_per_second > 100
