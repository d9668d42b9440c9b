/* What the processor was measured to do. */
#ifndef SPEED_H
#define SPEED_H
#include "core.h"
struct speed { const char *name, *unit; u32 tenths; };
extern struct speed speeds[];
extern const u32 speed_count;
void measure(void (*after_each)(void));
#endif
