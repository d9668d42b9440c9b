/* Functions that the 16-bit files share. */
#ifndef SERVICES_H
#define SERVICES_H

#include "bda.h"
#include "shared.h"
#include "types.h"

#define HANDLER __attribute__((used, regparm(3)))

/* entry.S */
void yield(void);
void wait_irq(void);
void far_call(struct regs *r);
void far_call_words(u16 segment, u16 offset, const u16 *words);
void move_block(u32 gdt, u32 words);

/* time.c */
u32 clock_now(void);

/* pic.c */
void eoi_master(void);
void eoi_slave(void);
int irq_open(u8 line);
void call_int(u8 vector, struct regs *r);

/* keyboard.c, int16.c */
int key_store(u16 key);
void kbc_wait_write(void);

/* mouse.c */
void mouse_service(struct regs *r);

/* ata.c */
int ata_transfer(const struct drive *d, u64 lba, u32 *count, u16 seg, u32 off, int write);
int ata_verify(const struct drive *d, u64 lba, u32 count);
int ata_reset(const struct drive *d);
int atapi_read(struct drive *d, u32 lba, u32 blocks, u16 seg, u32 off, u32 skip, u32 length);
int atapi_command(struct drive *d, const u8 *packet, u16 seg, u32 off, u32 length);
int atapi_ready(struct drive *d);

/* floppy.c */
void floppy_service(struct regs *r);
void floppy_tick(void);

/* eltorito.c */
int emulation_drive(u8 dl);
void emulation_service(struct regs *r);
void eltorito_status(struct regs *r, u8 cd);

/* edd.c */
void edd_service(struct regs *r, struct drive *d);

/* disk.c */
void disk_result(struct regs *r, u8 code);

/* What INT 13h gives in AH. */
#define DISK_OK 0x00
#define DISK_BAD_COMMAND 0x01
#define DISK_NO_SECTOR 0x04
#define DISK_PROTECTED 0x03
#define DISK_BAD_DATA 0x10
#define DISK_FAILED 0x20
#define DISK_TIMEOUT 0x80
#define DISK_LOCKED 0xB1
#define DISK_NOT_REMOVABLE 0xB2
#define DISK_NOT_READY 0xAA
#define DISK_WRITE_FAULT 0xCC
#define DISK_NO_MEDIA 0x31

#endif
