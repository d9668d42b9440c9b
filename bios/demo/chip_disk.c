/* Hard disk: sectors by PIO and by bus-master DMA, compared. */
#include "core.h"

#define SECTORS 8

void check_disk(struct check *c)
{
    struct drive *d = NULL;
    for (u32 i = 0; i < 4 && !d; i++)
        if (drives[i].kind == ATA)
            d = &drives[i];
    if (!d) {
        absent(c, "none");
        return;
    }
    detail(c, "%s, %u sectors", d->model, d->sectors);
    int error = ide_read(d, 0, SECTORS, buffer_a, 0);
    u32 by_pio = sum32(buffer_a, SECTORS * 512);
    if (!error && ide_bus_master) {
        fill32(buffer_b, 0x55555555, SECTORS * 128);
        error = ide_read(d, 0, SECTORS, buffer_b, 1);
        if (!error && sum32(buffer_b, SECTORS * 512) != by_pio) {
            fail(c, "DMA differs from PIO");
            return;
        }
    }
    if (error)
        fail(c, "error %x", error);
    else
        pass(c, "%u MiB, %s", d->sectors / 2048, ide_bus_master ? "PIO and DMA" : "PIO");
}
