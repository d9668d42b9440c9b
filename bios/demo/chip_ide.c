/* IDE channels: who is there. */
#include "core.h"

void check_ide(struct check *c)
{
    u32 disks = 0, cds = 0;
    for (u32 i = 0; i < 4; i++) {
        disks += drives[i].kind == ATA;
        cds += drives[i].kind == ATAPI;
    }
    if (disks + cds)
        pass(c, "%u disk%s, %u CD", disks, disks == 1 ? "" : "s", cds);
    else
        absent(c, "no drives");
    if (ide_bus_master)
        detail(c, "bus master at %x", ide_bus_master);
}
