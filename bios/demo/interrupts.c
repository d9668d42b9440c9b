/* Interrupt table, exceptions, the two 8259A. */
#include "core.h"
#include "screen.h"
#include "uart.h"

#define PIC0 0x20
#define PIC1 0xA0
#define ICW1 0x11               /* edge, cascade, ICW4 follows */
#define FIRST 0x20              /* vector of IRQ 0 */
#define EOI 0x20
#define READ_IRR 0x0A
#define READ_ISR 0x0B

volatile u32 irq_count[16];
u32 expected_vector, expected_resume;
volatile u32 seen_vector, seen_error, seen_cr2;

extern const u32 vectors[LOCAL_VECTOR + 1];
void (*local_interrupt)(void);
static struct { u16 low, selector, kind, high; } idt[LOCAL_VECTOR + 1];
static void (*handlers[16])(void);

static u16 mask = 0xFFFB;       /* the cascade is open */

static void set_mask(void)
{
    outb(PIC0 + 1, mask);
    outb(PIC1 + 1, mask >> 8);
}

void irq_mask(u32 line, int off)
{
    mask = off ? mask | 1 << line : mask & ~(1 << line);
    set_mask();
}

void irq_handle(u32 line, void (*handler)(void))
{
    handlers[line] = handler;
    irq_mask(line, 0);
}

u8 pic_irr(void)
{
    outb(PIC0, READ_IRR);
    return inb(PIC0);
}

/* Lines 7 and 15 also stand for a request that went away. */
static int spurious(u32 line)
{
    u16 port = line == 7 ? PIC0 : PIC1;
    if (line != 7 && line != 15)
        return 0;
    outb(port, READ_ISR);
    if (inb(port) & 0x80)
        return 0;
    if (line == 15)
        outb(PIC0, EOI);
    return 1;
}

static void irq(u32 line)
{
    if (spurious(line))
        return;
    irq_count[line]++;
    if (handlers[line])
        handlers[line]();
    if (line > 7)
        outb(PIC1, EOI);
    outb(PIC0, EOI);
}

static void died(struct frame *f)
{
    static int twice;
    char text[100];
    CLI();
    if (!twice++) {
        format(text, sizeof text, "exception %u, error %x, EIP %08x, EAX %08x, CR2 %08x", f->vector, f->error, f->eip, f->eax, seen_cr2);
        say("DEMO-DIED %s", text);
        serial_drain();
        fill(0, 0, screen.width, 24, C_FAIL);
        draw_text(8, 4, font16, C_WHITE, text);
    }
    for (;;)
        asm volatile("hlt");
}

void interrupt(struct frame *f)
{
    if (f->vector == LOCAL_VECTOR) {
        if (local_interrupt)
            local_interrupt();
        return;
    }
    if (f->vector >= FIRST) {
        irq(f->vector - FIRST);
        return;
    }
    asm volatile("movl %%cr2,%0" : "=r"(seen_cr2));
    seen_vector = f->vector;
    seen_error = f->error;
    if (f->vector != expected_vector)
        died(f);
    expected_vector = ~0u;
    f->eip = expected_resume;
}

void interrupts_start(void)
{
    struct { u16 limit; u32 base; } PACKED table = { sizeof idt - 1, (u32)idt };
    for (u32 i = 0; i < ARRAY_SIZE(idt); i++) {
        idt[i].low = vectors[i];
        idt[i].high = vectors[i] >> 16;
        idt[i].selector = 8;
        idt[i].kind = 0x8E00;
    }
    expected_vector = ~0u;
    asm volatile("lidt %0" : : "m"(table));
    outb(PIC0, ICW1);
    outb(PIC1, ICW1);
    outb(PIC0 + 1, FIRST);
    outb(PIC1 + 1, FIRST + 8);
    outb(PIC0 + 1, 4);
    outb(PIC1 + 1, 2);
    outb(PIC0 + 1, 1);
    outb(PIC1 + 1, 1);
    set_mask();
}
