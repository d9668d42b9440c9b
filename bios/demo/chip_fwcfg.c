/* fw_cfg, by which a virtual machine tells its firmware what it is. */
#include "core.h"

void check_fwcfg(struct check *c)
{
    char mark[5] = { 0 };
    outw(0x510, 0);
    for (u32 i = 0; i < 4; i++)
        mark[i] = inb(0x511);
    if (same(mark, "QEMU"))
        pass(c, "virtual machine");
    else
        absent(c, "none");
}
