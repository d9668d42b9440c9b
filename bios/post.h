/* Functions that the 32-bit files of the power-on code share. */
#ifndef POST_H
#define POST_H

#include "bda.h"
#include "shared.h"
#include "types.h"

#define CALL __attribute__((regparm(3)))

/* entry.S */
CALL void call16_asm(struct regs *r) IN_F_SEGMENT(call16_asm);

/* print.c */
void print(const char *format, ...);    /* %s %d %x %c; to the log, and to the screen once it is there */
void screen_on(void);
void service(u8 vector, struct regs *r);
void run_far(u16 segment, u16 offset, struct regs *r);

/* memory.c */
void memory_init(void);
void memory_finish(void);
void *table_alloc(u32 size, u32 align);
void *high_alloc(u32 size, u32 align);
u8 checksum(const void *data, u32 size);

/* fwcfg.c */
struct fw_file { u32 size; u16 key; char name[57]; };
#define FW_CFG_CPUS 0x05
#define FW_CFG_BOOT_MENU 0x0E
#define FW_CFG_IRQ0_OVERRIDE 0x8002     /* the timer comes at input 2 of the I/O APIC */
int fw_cfg_init(void);
void fw_cfg_read(u16 key, void *to, u32 size);
int fw_cfg_find(const char *name, struct fw_file *file);
int fw_cfg_next(u32 index, struct fw_file *file);

/* pci.c, tables.c, acpi.c, smbios.c, oprom.c, boot.c */
u32 pci_read(u16 bdf, u8 reg);
void pci_write(u16 bdf, u8 reg, u32 v);
void pci_write8(u16 bdf, u8 reg, u8 v);
u32 pci_next(u32 bdf);
void pci_init(void);
void tables_init(void);
void memory_manager_end(void);
void acpi_load(void);
void smbios_load(void);
void vga_rom(void);
void option_roms(void);
void boot_prepare(void);
void boot_add_rom(u16 segment, u16 offset, const char *name, u16 bdf, const char *file);
CALL void boot_main(u32 next);

#endif
