/* ACPI tables: sums, the way to switch off. */
#include "core.h"

void check_acpi(struct check *c)
{
    if (!tables.rsdp)
        absent(c, "none");
    else if (tables.sums_wrong)
        fail(c, "%u wrong sums", tables.sums_wrong);
    else if (!tables.fadt || !tables.has_s5)
        fail(c, !tables.fadt ? "no FADT" : "no \\_S5");
    else
        pass(c, "%u tables", tables.count);
    if (tables.rsdp)
        detail(c, "RSDP at %08x; off by type %u to port %x", tables.rsdp, tables.s5, tables.pm1a_control);
}
