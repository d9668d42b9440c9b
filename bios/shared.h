/* What the 32-bit power-on code leaves for the 16-bit services.  It lies in the F segment, which stays writable RAM. */
#ifndef SHARED_H
#define SHARED_H

#include "types.h"

#define DRIVE_NONE 0
#define DRIVE_DISK 1
#define DRIVE_CD 2
#define MAX_DRIVES 4            /* two channels, two drives each */

struct drive {
    u8 kind;
    u8 channel, unit;
    u8 removable;
    u16 base, control;
    u8 lba48;
    u8 translated;
    u32 sectors, sectors_high;
    u16 phys_cylinders, phys_heads, phys_spt;
    u16 cylinders, heads, spt;  /* as INT 13h shows it */
    u8 sense_key, asc;
    char model[41];
};

/* An El Torito disk emulation, or the CD that was booted without one. */
struct emulation {
    u8 active;                  /* 1: INT 13h shows a floppy or a hard disk */
    u8 booted;                  /* the specification packet of 4Bh has something to say */
    u8 media;                   /* 0 none, 1 1.2M, 2 1.44M, 3 2.88M, 4 hard disk */
    u8 drive;                   /* number for INT 13h */
    u8 controller, cd;          /* index of the CD */
    u16 device_spec, user_segment, load_segment, sector_count;
    u32 lba;
    u16 cylinders, heads, spt;
};

#define E820_RAM 1
#define E820_RESERVED 2
#define E820_MAX 24
struct e820_entry { u64 base, size; u32 type; } PACKED;

struct pnp_header {
    u8 signature[4], version, length;
    u16 control;
    u8 checksum;
    u32 event_flag;
    u16 real_offset, real_segment, prot_offset;
    u32 prot_base, oem;
    u16 data_segment16;
    u32 data_base;
} PACKED;

#define TABLE_ROOM 0x1400
struct shared {
    struct drive drives[MAX_DRIVES];
    u8 disks[MAX_DRIVES], cds[MAX_DRIVES];      /* drive by number */
    u8 disk_count, cd_count;
    struct emulation emulation;
    struct e820_entry map[E820_MAX];
    u32 map_count;
    u32 ram_end;                /* end of RAM below 4 GiB that the system may use */
    u32 high_kib64;             /* RAM above 4 GiB, 64-KiB units; for E881h */
    u8 boot_at;                 /* the next entry to try */
    u32 pci_entry;              /* linear address of the PCI BIOS for protected mode */
    u16 pnp_at;                 /* offset of $PnP in this segment */
    u32 pir_at;                 /* offset of $PIR in this segment; 0: none */
    u32 tables_used;
    u8 tables[TABLE_ROOM] __attribute__((aligned(16)));
};

/* The linker script gives a second name to the same place for code with flat segments. */
#ifdef MODE16
#define IN_F_SEGMENT(name)
#else
#define IN_F_SEGMENT(name) asm(#name "_flat")
#endif
extern struct shared shared IN_F_SEGMENT(shared);
extern u32 catalog_lba IN_F_SEGMENT(catalog_lba);

#endif
