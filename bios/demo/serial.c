/* COM1: lines out and commands in, both by interrupts. */
#include "core.h"
#include "screen.h"
#include "uart.h"

#define RING 4096
#define LINE 64

u16 com_ports[2] = { 0x3F8, 0x2F8 };

static char ring[RING];
static volatile u32 head, tail;         /* written at head, sent from tail */
static char line[LINE], ready[LINE];
static u32 line_length;
static volatile int have_line;
static int there;

static void send(void)
{
    for (u32 n = 0; n < 16 && tail != head; n++)
        outb(com_ports[0] + THR, ring[tail++ % RING]);
    outb(com_ports[0] + IER, tail != head ? IER_DATA | IER_EMPTY : IER_DATA);
}

static void received(char c)
{
    if (c == '\r' || c == '\n') {
        if (line_length && !have_line) {
            memcpy(ready, line, line_length);
            ready[line_length] = 0;
            have_line = 1;
        }
        line_length = 0;
    } else if (line_length < LINE - 1) {
        line[line_length++] = c;
    }
}

static void interrupt_4(void)
{
    u8 why;
    while (!((why = inb(com_ports[0] + IIR)) & IIR_NONE)) {
        while (inb(com_ports[0] + LSR) & LSR_DATA)
            received(inb(com_ports[0] + RBR));
        if ((why & 0x0E) == IIR_EMPTY)
            send();
        inb(com_ports[0] + MSR);
    }
}

/* Does a 16550 or one of its ancestors answer?  Its scratch register keeps a byte. */
int uart_present(u16 port)
{
    outb(port + SCR, 0x5A);
    if (inb(port + SCR) != 0x5A)
        return 0;
    outb(port + SCR, 0xA5);
    return inb(port + SCR) == 0xA5;
}

void serial_start(void)
{
    u16 port = com_ports[0];
    there = uart_present(port);
    if (!there)
        return;
    outb(port + IER, 0);
    outb(port + LCR, LCR_DLAB);
    outb(port + DLL, 1);                /* 115200 baud */
    outb(port + DLM, 0);
    outb(port + LCR, LCR_8N1);
    outb(port + FCR, FCR_ON | FCR_CLEAR);
    outb(port + MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
    irq_handle(4, interrupt_4);
    outb(port + IER, IER_DATA);
}

static void put(char c)
{
    /* A full ring waits; with interrupts off nobody would empty it, so then this does */
    while (head - tail == RING) {
        u32 flags;
        asm volatile("pushfl; popl %0" : "=r"(flags));
        if (flags & F_IF)
            halt();
        else if (inb(com_ports[0] + LSR) & LSR_EMPTY)
            send();
    }
    ring[head % RING] = c;
    head++;
}

void serial_write(const char *text)
{
    u32 flags;
    if (!there)
        return;
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
    asm volatile("pushfl; popl %0; cli" : "=r"(flags) : : "memory");
    if (inb(com_ports[0] + LSR) & LSR_EMPTY)
        send();
    else
        outb(com_ports[0] + IER, IER_DATA | IER_EMPTY);
    asm volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
}

void say(const char *f, ...)
{
    char text[200];
    __builtin_va_list args;
    __builtin_va_start(args, f);
    vformat(text, sizeof text - 1, f, args);
    __builtin_va_end(args);
    console_line(text);
    u32 n = strlen(text);
    text[n] = '\n';
    text[n + 1] = 0;
    serial_write(text);
}

/* Send all without interrupts. */
void serial_drain(void)
{
    while (there && tail != head)
        if (inb(com_ports[0] + LSR) & LSR_EMPTY)
            send();
}

/* Wait until all is sent, for those who end the machine. */
void serial_flush(void)
{
    WAIT(tail == head && (inb(com_ports[0] + LSR) & LSR_IDLE), TICKS_PER_SECOND);
}

char *serial_command(void)
{
    static char command[LINE];
    if (!have_line)
        return NULL;
    memcpy(command, ready, LINE);
    have_line = 0;
    return command;
}
