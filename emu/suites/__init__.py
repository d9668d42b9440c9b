"""Suites of instruction vectors and the harness that runs them (``emu cpu-test``)."""
