/* 16550A: bytes and modem lines through its loopback. */
#include "core.h"
#include "uart.h"

static void check(struct check *c, u16 port)
{
    if (!uart_present(port)) {
        absent(c, "none");
        return;
    }
    u8 lcr = inb(port + LCR), ier = inb(port + IER), mcr = inb(port + MCR), data = 1, lines, kind;
    outb(port + IER, 0);
    outb(port + LCR, LCR_8N1 | LCR_DLAB);
    outb(port + DLL, 1);
    outb(port + DLM, 0);
    outb(port + LCR, LCR_8N1);
    outb(port + FCR, FCR_ON | FCR_CLEAR);
    kind = inb(port + IIR) & IIR_FIFOS;
    outb(port + MCR, MCR_LOOP);
    for (u32 byte = 0x35; byte < 0x100; byte += 0x95) {
        outb(port + THR, byte);
        data &= WAIT(inb(port + LSR) & LSR_DATA, 10) && inb(port + RBR) == byte;
    }
    outb(port + MCR, MCR_LOOP | MCR_RTS | MCR_OUT1);
    lines = inb(port + MSR) >> 4 == 5;                  /* CTS and RI */
    outb(port + MCR, mcr);
    inb(port + MSR);
    outb(port + LCR, lcr);
    outb(port + IER, ier);
    if (data && lines)
        pass(c, "%s at %x", kind == IIR_FIFOS ? "16550A" : "16450", port);
    else
        fail(c, "%s", data ? "modem lines" : "loopback");
}

void check_com1(struct check *c)
{
    serial_flush();
    check(c, com_ports[0]);
}

void check_com2(struct check *c) { check(c, com_ports[1]); }
