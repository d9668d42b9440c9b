/* Off by ACPI, and reset. */
#include "core.h"
#include "uart.h"

#define SCI_EN 1
#define SLP_EN (1 << 13)

/* Soft off as the tables say: the type of \_S5 into PM1a_CNT. */
void power_off(void)
{
    say("DEMO power: off");
    serial_flush();
    if (tables.has_s5 && tables.pm1a_control) {
        CLI();
        if (!(inw(tables.pm1a_control) & SCI_EN) && tables.smi_command) {
            outb(tables.smi_command, tables.acpi_enable);
            for (u32 i = 0; i < 100000 && !(inw(tables.pm1a_control) & SCI_EN); i++)
                ;
        }
        outw(tables.pm1a_control, tables.s5 << 10 | SLP_EN);
        for (u32 i = 0; i < 100000; i++)
            inb(0x80);
        STI();
    }
    say("DEMO power: the machine cannot be switched off, no ACPI");
}

/* The keyboard controller's output port, else the reset control register. */
void reboot(void)
{
    say("DEMO power: reset");
    serial_flush();
    CLI();
    kbc_send(0xFE);
    for (u32 i = 0; i < 100000; i++)
        inb(0x80);
    outb(0xCF9, 2);
    outb(0xCF9, 6);
    for (;;)
        asm volatile("hlt");
}
