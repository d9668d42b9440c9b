/* ACPI tables that the machine hands over with a script for their placing (QEMU's etc/table-loader). */
#include "post.h"

#define ALLOCATE 1
#define ADD_POINTER 2
#define ADD_CHECKSUM 3
#define WRITE_POINTER 4
#define ZONE_F_SEGMENT 2
#define MAX_FILES 16

struct command {
    u32 kind;
    union {
        struct { char file[56]; u32 align; u8 zone; } PACKED allocate;
        struct { char file[56], source[56]; u32 offset; u8 size; } PACKED pointer;
        struct { char file[56]; u32 offset, start, length; } PACKED sum;
        u8 pad[124];
    };
} PACKED;

static struct { char name[56]; u8 *at; u32 size; } placed[MAX_FILES];
static u32 count, missing;

static int find(const char *name)
{
    for (u32 i = 0; i < count; i++)
        if (!memcmp(placed[i].name, name, 56))
            return i;
    return -1;
}

static void allocate(const struct command *c)
{
    struct fw_file file;
    u32 align = c->allocate.align;
    if (count == MAX_FILES || !fw_cfg_find(c->allocate.file, &file) || align & (align - 1))
        return;
    if (align < 16)
        align = 16;
    u8 *at = c->allocate.zone == ZONE_F_SEGMENT ? table_alloc(file.size, align) : high_alloc(file.size, align);
    if (!at) {
        print("no room for %s\n", c->allocate.file);
        missing++;
        return;
    }
    fw_cfg_read(file.key, at, file.size);
    memcpy(placed[count].name, c->allocate.file, 56);
    placed[count].at = at;
    placed[count++].size = file.size;
}

static void pointer(const struct command *c)
{
    int to = find(c->pointer.file), from = find(c->pointer.source);
    u8 size = c->pointer.size;
    if (to < 0 || from < 0 || size > 8 || placed[to].size < size || c->pointer.offset > placed[to].size - size)
        return;
    u64 v = 0;
    memcpy(&v, placed[to].at + c->pointer.offset, size);
    v += (u32)placed[from].at;
    memcpy(placed[to].at + c->pointer.offset, &v, size);
}

static void sum(const struct command *c)
{
    int n = find(c->sum.file);
    if (n < 0 || c->sum.offset >= placed[n].size || c->sum.start > placed[n].size || c->sum.length > placed[n].size - c->sum.start)
        return;
    placed[n].at[c->sum.offset] += checksum(placed[n].at + c->sum.start, c->sum.length);
}

void acpi_load(void)
{
    static struct command script[64];
    struct fw_file file;
    if (!fw_cfg_find("etc/table-loader", &file))
        return;
    u32 n = file.size / sizeof script[0];
    if (n > ARRAY_SIZE(script))
        n = ARRAY_SIZE(script);
    fw_cfg_read(file.key, script, n * sizeof script[0]);
    for (u32 i = 0; i < n; i++)
        switch (script[i].kind) {
        case ALLOCATE: allocate(&script[i]); break;
        case ADD_POINTER: pointer(&script[i]); break;
        case ADD_CHECKSUM: sum(&script[i]); break;
        }
    if (missing)                /* with 1 MiB of memory: a pointer to tables that are not there misleads */
        for (u32 i = 0; i < count; i++)
            memset(placed[i].at, 0, placed[i].size);
}
