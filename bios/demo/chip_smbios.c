/* SMBIOS: its structures. */
#include "core.h"

void check_smbios(struct check *c)
{
    if (!tables.smbios)
        absent(c, "none");
    else if (!tables.smbios_count)
        fail(c, "no structures");
    else
        pass(c, "%s", tables.product[0] ? tables.product : "unnamed");
    if (tables.smbios)
        detail(c, "%u structures; BIOS %s %s", tables.smbios_count, tables.bios_vendor, tables.bios_version);
}
