/* The profile of a build with -DEMU_PROFILE, for tools/profile_sequences.py. */
#ifdef EMU_PROFILE
#include <stdio.h>
#include <stdlib.h>
#include "traces.h"
#include "literals.h"

static Handler *const handlers[HANDLER_COUNT] = { HANDLER_TABLE };
static Handler *const flat_handlers[HANDLER_COUNT] = { FLAT_TABLE };

/* How often each trace ran, and its handlers, written to the file that the variable EMU_PROFILE names. */
static FILE *profile;
static const char *const handler_names[HANDLER_COUNT] = { HANDLER_NAMES };

static const char *handler_name(const Handler *h)
{
    for (u32 n = 0; n < HANDLER_COUNT; n++)
        if (handlers[n] == h || (h && flat_handlers[n] == h))
            return handler_names[n];
    return "?";
}

void write_profile(M *m)
{
    const char *name = getenv("EMU_PROFILE");
    if (!name || (!profile && !(profile = fopen(name, "w"))))
        return;
    for (u64 at = TRACE_ALIGN; at < m->core.pool_used; at += pool_space(TRACE_MAX)) {
        Trace *t = (Trace *)(m->core.pool + at);
        if (RUNS(t)) {
            fprintf(profile, "%llu", (unsigned long long)RUNS(t));
            u32 left = t->n;
            for (const Rec *r = t->rec; left; r++) {
                if (is_literal(r))
                    continue;
                left--;
                fprintf(profile, " %s/%u/%u/%u/%u", handler_name(r->h), r->rm, r->reg, r->base, r->idx);
            }
            fputc('\n', profile);
        }
    }
    fflush(profile);
}
#endif
