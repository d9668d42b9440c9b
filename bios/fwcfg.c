/* The firmware configuration device (QEMU documentation, docs/specs/fw_cfg). */
#include "post.h"

#define SELECTOR 0x510
#define DATA 0x511
#define DMA_HIGH 0x514
#define DMA_LOW 0x518
#define KEY_DIRECTORY 0x19

static u8 present, dma;

static u32 swap32(u32 v) { return v >> 24 | (v >> 8 & 0xFF00) | (v << 8 & 0xFF0000) | v << 24; }

static void bytes_in(void *to, u32 n) { asm volatile("rep insb" : "+D"(to), "+c"(n) : "d"(DATA) : "memory"); }

int fw_cfg_init(void)
{
    u32 signature = 0, id = 0;
    outw(SELECTOR, 0);
    bytes_in(&signature, 4);
    present = signature == 0x554D4551;          /* "QEMU" */
    if (present) {
        outw(SELECTOR, 1);
        bytes_in(&id, 4);
        dma = id >> 1 & 1;
    }
    return present;
}

void fw_cfg_read(u16 key, void *to, u32 size)
{
    volatile u32 request[4] = { swap32((u32)key << 16 | 0x0A), swap32(size), 0, swap32((u32)to) };
    if (!present) {
        memset(to, 0, size);
    } else if (dma) {
        outl(DMA_HIGH, 0);
        outl(DMA_LOW, swap32((u32)request));
        while (swap32(request[0]) & ~1u)
            ;
        asm volatile("" : : : "memory");
    } else {
        outw(SELECTOR, key);
        bytes_in(to, size);
    }
}

/* The index-th file of the directory. */
int fw_cfg_next(u32 index, struct fw_file *file)
{
    static struct { u32 count; struct { u32 size; u16 key, pad; char name[56]; } PACKED file[64]; } PACKED directory;
    static u8 loaded;
    if (!present)
        return 0;
    if (!loaded) {
        fw_cfg_read(KEY_DIRECTORY, &directory, sizeof directory);
        loaded = 1;
    }
    if (index >= swap32(directory.count) || index >= ARRAY_SIZE(directory.file))
        return 0;
    u16 key = directory.file[index].key;
    file->size = swap32(directory.file[index].size);
    file->key = key >> 8 | key << 8;
    memcpy(file->name, directory.file[index].name, 56);
    file->name[56] = 0;
    return 1;
}

int fw_cfg_find(const char *name, struct fw_file *file)
{
    for (u32 i = 0; fw_cfg_next(i, file); i++)
        if (!memcmp(file->name, name, strlen(name) + 1))
            return 1;
    return 0;
}
