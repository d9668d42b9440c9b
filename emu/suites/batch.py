"""Many vectors of the corpus in one call: hands them to the native engine, which says pass or fail of each (native/vectors.c)."""

from . import compare, harness, world


class Batch:
    """Runs the vectors of one file on a Harness of the native engine."""

    def __init__(self, on, suite):
        self.on, self.suite = on, suite
        parts = on.board.parts
        ffi = self.ffi = parts.ffi
        self.keep = []

        def array(kind, values):
            made = ffi.new(kind, values)
            self.keep.append(made)
            return made

        w = self.world = ffi.new("UserWorld *")
        w.code, w.code_size, w.data, w.data_size = world.CODE, world.CODE_SIZE, world.DATA, world.DATA_SIZE
        w.kernel, w.kernel_linear = world.KERNEL, world.KERNEL_LINEAR
        w.handlers, w.stack_top, w.kernel_cs = world.HANDLERS, world.STACK_TOP, world.KERNEL_CS
        for n, (linear, size, offset) in enumerate(world.WINDOWS):
            w.window_linear[n], w.window_size[n], w.window_offset[n] = linear, size, offset
        w.fcw, w.mxcsr, w.runaway = harness.FCW, harness.MXCSR, harness.RUNAWAY
        w.eflags_compared, w.fcw_compared = compare.EFLAGS_COMPARED, compare.FCW_COMPARED
        w.background = array("u8[]", on.background)
        w.forms = len(suite.forms)
        w.ulp = array("u32[]", [int(form.ulp or 0) for form in suite.forms])
        w.approx = array("double[]", [form.approx or 0 for form in suite.forms])
        selectors = world.selectors()
        w.selectors = len(selectors)
        w.selector = array("u16[]", selectors)
        w.segment = array("Segment[]", len(selectors))
        for n, selector in enumerate(selectors):
            for name, value in zip(harness.SEGMENT_FIELDS, on.hidden(selector)):
                setattr(w.segment[n], name, value)
        self.data = ffi.from_buffer("u8[]", suite.data)

    def verdicts(self, offsets):
        """A byte for each vector: 0 if it passed."""
        parts, on = self.on.board.parts, self.on
        out, places = self.ffi.new("u8[]", max(len(offsets), 1)), self.ffi.new("u32[]", offsets)
        done = 0
        while done < len(offsets):
            done += parts.lib.emu_run_vectors(parts.m, self.world, self.data, len(self.suite.data), places + done, len(offsets) - done,
                                              out + done)
            if parts.error is not None:
                error, parts.error = parts.error, None
                raise error
            if out[done - 1]:
                on.prepare()
        on.forget_state()
        return bytes(self.ffi.buffer(out))[:len(offsets)]
