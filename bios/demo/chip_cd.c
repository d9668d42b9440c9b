/* CD-ROM: sectors by PIO and by bus-master DMA, compared. */
#include "core.h"

#define VOLUME 16               /* the first volume descriptor */
#define SECTORS (BUFFER_BYTES / 2048)

static struct drive *cd;
static u32 by_pio, read_by_pio;

void check_cdpio(struct check *c)
{
    static const u8 ready[12], capacity[12] = { 0x25 };
    u8 answer[8];
    int error = 1;
    for (u32 i = 0; i < 4 && !cd; i++)
        if (drives[i].kind == ATAPI)
            cd = &drives[i];
    if (!cd) {
        absent(c, "no CD-ROM drive");
        return;
    }
    for (u32 i = 0; i < 4 && error; i++)        /* the first answers may be news: power-on, another CD */
        error = atapi_command(cd, ready, NULL, 0, 0);
    if (error) {
        absent(c, "no CD in %s", cd->model);
        return;
    }
    error = atapi_command(cd, capacity, answer, 8, 0);
    if (!error) {
        u32 last = answer[0] << 24 | answer[1] << 16 | answer[2] << 8 | answer[3];
        detail(c, "%s, %u sectors", cd->model, last + 1);
        cd->sectors = last + 1;
        error = ide_read(cd, VOLUME, SECTORS, buffer_a, 0);
    }
    if (error) {
        fail(c, "error %x", error);
        return;
    }
    by_pio = sum32(buffer_a, BUFFER_BYTES);
    read_by_pio = 1;
    if (memcmp(buffer_a + 1, "CD001", 5))
        fail(c, "no volume descriptor");
    else
        pass(c, "%u KiB read, %08x", BUFFER_BYTES >> 10, by_pio);
}

void check_cddma(struct check *c)
{
    if (!read_by_pio || !ide_bus_master) {
        absent(c, ide_bus_master ? "no CD" : "no bus master");
        return;
    }
    fill32(buffer_b, 0, BUFFER_BYTES / 4);
    int error = ide_read(cd, VOLUME, SECTORS, buffer_b, 1);
    if (error)
        fail(c, "error %x", error);
    else if (sum32(buffer_b, BUFFER_BYTES) != by_pio)
        fail(c, "differs from PIO");
    else
        pass(c, "%u KiB, same as PIO", BUFFER_BYTES >> 10);
}
