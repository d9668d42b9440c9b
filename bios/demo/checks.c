/* The list of checks, and running them. */
#include "core.h"
#include "screen.h"

u8 buffer_a[BUFFER_BYTES] BUFFER, buffer_b[BUFFER_BYTES] BUFFER;

#define CHECKS(X) \
    X(cpu, EARLY, "Processor") X(fpu, EARLY, "Coprocessor") X(simd, EARLY, "MMX, SSE") \
    X(mmu, EARLY, "Paging") X(speed, AFTER, "Speed") X(memory, EARLY, "Memory") \
    X(pci, EARLY, "PCI") X(acpi, EARLY, "ACPI") X(smbios, EARLY, "SMBIOS") \
    X(mptable, EARLY, "MP table") X(pic, EARLY, "8259A PIC") X(apic, EARLY, "APIC") \
    X(pit, LATE, "8254 timer") X(tsc, EARLY, "Time stamp") X(pmtimer, EARLY, "PM timer") \
    X(rtc, LATE, "Clock, RTC") X(cmos, EARLY, "CMOS") X(dma, EARLY, "8237A DMA") \
    X(kbc, EARLY, "8042") X(keyboard, EARLY, "Keyboard") X(mouse, EARLY, "Mouse") \
    X(vga, EARLY, "VGA") X(vbe, EARLY, "VESA") X(speaker, EARLY, "Speaker") \
    X(sound, EARLY, "Sound") X(com1, EARLY, "COM1") X(com2, EARLY, "COM2") \
    X(lpt, EARLY, "LPT1") X(floppy, EARLY, "Floppy") X(disk, EARLY, "Hard disk") \
    X(ide, EARLY, "IDE") X(cdpio, EARLY, "CD by PIO") X(cddma, EARLY, "CD by DMA") \
    X(nic, EARLY, "NE2000") X(fwcfg, EARLY, "fw_cfg")

#define DECLARE(name, when, title) void check_##name(struct check *c);
CHECKS(DECLARE)
#define ROW(name, when, title) { #name, title, check_##name, when, WAITING, "", "" },
struct check checks[] = { CHECKS(ROW) };
const u32 check_count = ARRAY_SIZE(checks);

#define VERDICT(verb, value) \
    void verb(struct check *c, const char *f, ...) \
    { \
        __builtin_va_list args; \
        __builtin_va_start(args, f); \
        vformat(c->text, sizeof c->text, f, args); \
        __builtin_va_end(args); \
        c->status = value; \
    }
VERDICT(pass, PASS)
VERDICT(absent, ABSENT)
VERDICT(fail, FAIL)

void detail(struct check *c, const char *f, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, f);
    vformat(c->detail, sizeof c->detail, f, args);
    __builtin_va_end(args);
}

u32 count_status(u32 status)
{
    u32 n = 0;
    for (u32 i = 0; i < check_count; i++)
        n += checks[i].status == status;
    return n;
}

void run_checks(u32 when)
{
    static const char *const words[] = { "", "", "pass", "absent", "fail:" };
    for (u32 i = 0; i < check_count; i++) {
        struct check *c = &checks[i];
        if (c->when != when)
            continue;
        c->status = RUNNING;
        draw_tile(i);
        c->run(c);
        draw_tile(i);
        say("DEMO %s: %s%s%s%s%s", c->name, words[c->status], c->text[0] ? " " : "", c->text, c->detail[0] ? "; " : "", c->detail);
        ui_idle();
    }
}
