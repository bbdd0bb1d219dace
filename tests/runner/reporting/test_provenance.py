from runner.reporting.origin import Origin
from runner.reporting.provenance import made

MANIFEST = {
    "seedsweep": "1.0",
    "kernel_hash": "abc",
    "versions": {"python": "3.11"},
    "machine": {"cpu": "a CPU", "target": {"name": "skylake", "features": "+fma,-avx512f,+avx2"}, "usable_cores": 2},
    "started": "2031-02-03T12:05:06+00:00",
    "ended": "2031-02-03T12:05:08+00:00",
    "wall_seconds": 1.5,
}
NEW = {
    "checkout": {"commit": "0123456789abcdef0123456789abcdef01234567", "changed": True},
    "experiment": {"file": "experiments/xor.toml", "sha256": "beef", "overrides": ["training.epochs=7", "name=a"]},
    "threads_per_job": 1,
}


def said(manifest):
    return dict(made(Origin(None, "", manifest, None, ())))


def test_a_page_names_the_file_the_commit_and_what_kernels_were_compiled_for():
    found = said(MANIFEST | NEW)
    assert found["Experiment file"] == "experiments/xor.toml, SHA-256 beef, changed by training.epochs=7 name=a"
    assert found["Git commit"] == "0123456789abcdef0123456789abcdef01234567 and changes"
    assert found["Compiled for"] == "skylake +fma +avx2"
    assert found["Threads"] == "1 a job"
    assert "usable_cores 2" in found["Machine"]


def test_a_manifest_of_an_earlier_version_says_less():
    assert {"Experiment file", "Git commit", "Threads"}.isdisjoint(said(MANIFEST))
    assert {"Experiment file", "Git commit"}.isdisjoint(said(MANIFEST | {"checkout": None, "experiment": None}))
