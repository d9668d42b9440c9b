/* MultiProcessor table. */
#include "core.h"

void check_mptable(struct check *c)
{
    if (!tables.mp)
        absent(c, "none");
    else
        pass(c, "MP 1.%u at %x", *(u8 *)(tables.mp + 9), tables.mp);
}
