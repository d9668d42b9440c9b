/* What all files share: interrupts and time, formatted text, the report, the drivers' interfaces. */
#ifndef CORE_H
#define CORE_H

#include "../types.h"
#include "facts.h"

#define CLI() asm volatile("cli" : : : "memory")
#define STI() asm volatile("sti" : : : "memory")
#define BUFFER __attribute__((section(".buffers")))     /* not cleared at the start */

/* A DMA buffer of 32 KiB, and another to compare with it */
#define BUFFER_BYTES 32768
extern u8 buffer_a[BUFFER_BYTES], buffer_b[BUFFER_BYTES];

/* interrupts.c */
struct frame { u32 edi, esi, ebp, esp, ebx, edx, ecx, eax, vector, error, eip, cs, eflags; };
extern volatile u32 irq_count[16];
extern u32 expected_vector, expected_resume;    /* an exception that a check provokes, and where to go on */
extern volatile u32 seen_vector, seen_error, seen_cr2;
extern void (*local_interrupt)(void);          /* vector 30h */
#define LOCAL_VECTOR 0x30
void interrupts_start(void);
void irq_handle(u32 line, void (*handler)(void));   /* and unmask the line */
void irq_mask(u32 line, int off);
u8 pic_irr(void);

/* clock.c: 100 interrupts a second; waits sleep in HLT */
#define TICKS_PER_SECOND 100
#define PIT_HZ 1193182
#define PIT_DIVISOR 11932
#define PM_TIMER_HZ 3579545
extern volatile u32 ticks;
void clock_start(void);
void pit_start(void);
void halt(void);                        /* until the next interrupt */
void sleep(u32 count);                  /* ticks */
u32 stopwatch(void);                    /* by the PM timer, or by the PIT where there is none */
u32 stopwatch_us(u32 since);
u32 muldiv(u32 a, u32 b, u32 c);        /* a * b / c, with 64 bits between */

/* Look a few times, then halt between the looks; gives whether it came true in time. */
#define WAIT(condition, most_ticks) ({ \
    int came_ = 0; \
    u32 began_ = ticks; \
    for (u32 looks_ = 0; !(came_ = (condition)) && ticks - began_ < (most_ticks); looks_++) \
        if (looks_ > 200) halt(); \
    came_; })

/* format.c: %s %c %d %u %x, with width, '-' and '0' */
void vformat(char *out, u32 size, const char *f, __builtin_va_list args);
void format(char *out, u32 size, const char *f, ...);
int same(const char *a, const char *b);
int starts(const char *text, const char *with);
void trim(char *text);
void fill32(void *to, u32 value, u32 count);
void copy32(void *to, const void *from, u32 count);

/* serial.c: COM1 by interrupts */
extern u16 com_ports[2];
int uart_present(u16 port);
void serial_start(void);
void serial_write(const char *text);
void say(const char *f, ...);           /* a line to COM1 (and on the screen where that is text) */
char *serial_command(void);             /* a line that came, or NULL */

/* checks.c */
enum status { WAITING, RUNNING, PASS, ABSENT, FAIL };
struct check { const char *name, *title; void (*run)(struct check *); u8 when; u8 status; char text[48]; char detail[100]; };
enum { EARLY, LATE, AFTER };            /* AFTER: not before the first complete screen */
extern struct check checks[];
extern const u32 check_count;
void pass(struct check *c, const char *f, ...);
void absent(struct check *c, const char *f, ...);
void fail(struct check *c, const char *f, ...);
void detail(struct check *c, const char *f, ...);
u32 count_status(u32 status);
void run_checks(u32 when);

/* processor.c */
struct processor { u32 has_cpuid, level, signature, features; char vendor[13], brand[49]; };
extern struct processor processor;
enum { F_FPU = 1 << 0, F_VME = 1 << 1, F_DE = 1 << 2, F_PSE = 1 << 3, F_TSC = 1 << 4, F_MSR = 1 << 5, F_PAE = 1 << 6, F_MCE = 1 << 7,
       F_CX8 = 1 << 8, F_APIC = 1 << 9, F_SEP = 1 << 11, F_MTRR = 1 << 12, F_PGE = 1 << 13, F_MCA = 1 << 14, F_CMOV = 1 << 15,
       F_PAT = 1 << 16, F_PSE36 = 1 << 17, F_CLFSH = 1 << 19, F_MMX = 1 << 23, F_FXSR = 1 << 24, F_SSE = 1 << 25, F_SSE2 = 1 << 26 };
void processor_identify(void);
static inline u64 rdtsc(void) { u32 a, d; asm volatile("rdtsc" : "=a"(a), "=d"(d)); return (u64)d << 32 | a; }
static inline u64 rdmsr(u32 n) { u32 a, d; asm volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(n)); return (u64)d << 32 | a; }

/* tables.c: what the firmware left in memory */
struct table { char signature[5]; u32 address, length; char oem[7]; };
struct tables {
    u32 rsdp, rsdt, fadt, dsdt, madt, smbios, mp;
    u32 count;
    struct table list[16];
    u16 smi_command, pm1a_event, pm1a_control, pm_timer;
    u8 acpi_enable, s5, has_s5, sums_wrong;
    u32 local_apic, io_apic;
    u16 smbios_count;
    char bios_vendor[32], bios_version[32], product[32];
};
extern struct tables tables;
void tables_find(void);
u32 memory_kib(void);

/* power.c */
void power_off(void);
void reboot(void);

/* pci.c */
struct pci { u8 bus, device, function, header; u16 vendor, id; u32 class; u8 line, pin; u32 bar[6]; };
extern struct pci pci[32];
extern u32 pci_count;
void pci_scan(void);
u32 pci_read(const struct pci *p, u32 at);
void pci_write(const struct pci *p, u32 at, u32 value);
struct pci *pci_class(u32 class24, u32 mask);
const char *pci_class_name(u32 class24);
const char *pci_name(const struct pci *p);

/* ide.c */
enum { NONE, ATA, ATAPI };
struct drive { u8 kind, channel, unit; char model[41]; u32 sectors; };
extern struct drive drives[4];
extern u16 ide_bus_master;
void ide_find(void);
int ide_read(struct drive *d, u32 lba, u32 count, void *to, int dma);      /* 0: done; else an error's number */
int atapi_command(struct drive *d, const u8 *packet, void *to, u32 bytes, int dma);
u32 sum32(const void *from, u32 bytes);

/* input.c */
enum { LED_SCROLL = 1, LED_NUM = 2, LED_CAPS = 4 };
extern u8 leds;
extern struct mouse { s32 dx, dy, wheel; u8 buttons, id, there; } mouse;
int kbc_command(u8 command);            /* with an answer: the byte, or -1 */
void kbc_send(u8 command);
int keyboard_send(u8 byte, u8 *answer, u32 answers);
int mouse_send(u8 byte, u8 *answer, u32 answers);
void input_start(void);
int key_read(void);                     /* scan code of set 1, 80h for release, 100h for E0; or -1 */
void keyboard_leds(u8 value);

/* speaker.c */
void tone(u32 hz, u32 length);          /* ticks */
void tone_tick(void);

/* fm.c */
u32 fm_find(void);                      /* 0, 2 for an OPL2, 3 for an OPL3 */
u32 fm_timer_us(u32 n);                 /* how long timer 1 takes for n times 80 us, or 0 */
void fm_play(u32 hz);
void fm_release(u32 hz);

#endif
