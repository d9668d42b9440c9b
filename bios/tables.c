/* Tables of the F segment that we write ourselves: $PIR, MP, BIOS32, $PnP. */
#include "post.h"

#define LAPIC 0xFEE00000
#define IO_APIC 0xFEC00000
#define PIRQ_LINES 0x0C00       /* what the links may be routed to, as the 440FX boards say: 10, 11 */

/* pcientry.S, entry.S */
extern u8 bios32_entry[], pci_entry[], pnp_real[], pnp_prot[], pmm_far[];

/* Plug and Play BIOS 1.0A: option ROMs want to be told of it, or they take INT 19h. */
static void pnp(void)
{
    struct pnp_header *t = table_alloc(sizeof *t, 16);
    if (!t)
        return;
    memset(t, 0, sizeof *t);
    memcpy(t->signature, "$PnP", 4);
    t->version = 0x10;
    t->length = sizeof *t;
    t->real_offset = (u32)pnp_real;
    t->prot_offset = (u32)pnp_prot;
    t->real_segment = t->data_segment16 = 0xF000;
    t->prot_base = t->data_base = 0xF0000;
    t->checksum = checksum(t, sizeof *t);
    shared.pnp_at = (u32)t - 0xF0000;
}

static struct { char signature[4]; u8 revision, length, checksum; u16 offset, segment; u8 reserved[5]; } PACKED *pmm;

static void memory_manager(void)
{
    pmm = table_alloc(sizeof *pmm, 16);
    if (!pmm)
        return;
    memset(pmm, 0, sizeof *pmm);
    memcpy(pmm->signature, "$PMM", 4);
    pmm->revision = 1;
    pmm->length = sizeof *pmm;
    pmm->offset = (u32)pmm_far;
    pmm->segment = 0xF000;
    pmm->checksum = checksum(pmm, sizeof *pmm);
}

/* An operating system is about to be booted: all memory is its own. */
void memory_manager_end(void)
{
    if (pmm)
        memset(pmm, 0, sizeof *pmm);
    pmm = NULL;
}

static void pir(void)
{
    const u32 slots = 32;
    u8 *t = table_alloc(32 + slots * 16, 16);
    if (!t)
        return;
    memset(t, 0, 32 + slots * 16);
    memcpy(t, "$PIR", 4);
    *(u16 *)(t + 4) = 0x0100;
    *(u16 *)(t + 6) = 32 + slots * 16;
    t[9] = 1 << 3;                              /* the router is 00:01.0 */
    *(u32 *)(t + 12) = 0x122E8086;              /* compatible with the PIIX */
    for (u32 s = 0; s < slots; s++) {
        u8 *e = t + 32 + s * 16;
        e[1] = s << 3;
        for (u32 pin = 0; pin < 4; pin++) {
            e[2 + pin * 3] = 0x60 + ((s + pin - 1) & 3);
            *(u16 *)(e + 3 + pin * 3) = PIRQ_LINES;
        }
        e[14] = s > 2 ? s - 2 : 0;
    }
    t[31] = checksum(t, 32 + slots * 16);
    shared.pir_at = (u32)t - 0xF0000;
}

static void cpuid(u32 leaf, u32 *a, u32 *d)
{
    u32 b, c = 0;
    asm volatile("cpuid" : "=a"(*a), "=b"(b), "+c"(c), "=d"(*d) : "0"(leaf));
}

static int has_cpuid(void)
{
    u32 a, b;
    asm volatile("pushfl; popl %0; movl %0,%1; xorl $0x200000,%0; pushl %0; popfl; pushfl; popl %0" : "=&r"(a), "=&r"(b));
    return (a ^ b) >> 21 & 1;
}

static volatile u32 *const lapic = (u32 *)LAPIC, *const io_apic = (u32 *)IO_APIC;

static u32 io_apic_read(u8 reg)
{
    io_apic[0] = reg;
    return io_apic[0x10 / 4];
}

/* An 82093AA or its kind: a version, and the number of the last of its inputs. */
static int has_io_apic(void)
{
    u32 version = io_apic_read(1);
    return version != 0xFFFFFFFF && (version >> 16 & 0xFF) >= 15;
}

struct mp_writer { u8 *at; u16 entries; };

static void entry(struct mp_writer *w, const u8 *bytes)
{
    memcpy(w->at, bytes, 8);
    w->at += 8;
    w->entries++;
}

/* Where the pins of PCI functions lead: on this chipset to the inputs of their ISA lines, level, active high.
 * Says which lines these are. */
static u16 mp_pci(struct mp_writer *w)
{
    u16 lines = 0;
    u8 seen[128];
    memset(seen, 0, sizeof seen);
    for (u32 bdf = 0; (bdf = pci_next(bdf)) < 256; bdf++) {
        u32 interrupt = pci_read(bdf, 0x3C);
        u8 line = interrupt, pin = (u8)(interrupt >> 8) - 1, source = bdf >> 3 << 2 | pin;
        if (pin > 3 || line > 15 || seen[source])
            continue;
        seen[source] = 1;
        lines |= 1 << line;
        entry(w, (u8[8]){ 3, 0, 0x0D, 0, 0, source, 0, line });
    }
    return lines;
}

/* Intel MultiProcessor Specification 1.4 */
static void mp(u32 signature, u32 features)
{
    static u8 buffer[1024];
    u8 *t = buffer;
    struct mp_writer w = { t + 44, 0 };
    u16 cpus = 1;
    u8 override = 1;
    struct fw_file file;
    if (fw_cfg_next(0, &file)) {
        fw_cfg_read(FW_CFG_CPUS, &cpus, 2);
        fw_cfg_read(FW_CFG_IRQ0_OVERRIDE, &override, 1);
    }
    memcpy(t, "PCMP", 4);
    t[6] = 4;
    memcpy(t + 8, "EMU     ", 8);
    memcpy(t + 16, "PC          ", 12);
    *(u32 *)(t + 36) = LAPIC;
    for (u32 i = 0; i < cpus && i < 16; i++, w.at += 20, w.entries++) {
        w.at[1] = i;
        w.at[2] = lapic[0x30 / 4];
        w.at[3] = i ? 1 : 3;                    /* usable; the first one boots */
        *(u32 *)(w.at + 4) = signature;
        *(u32 *)(w.at + 8) = features;
    }
    entry(&w, (u8[8]){ 1, 0, 'P', 'C', 'I', ' ', ' ', ' ' });
    entry(&w, (u8[8]){ 1, 1, 'I', 'S', 'A', ' ', ' ', ' ' });
    entry(&w, (u8[8]){ 2, 0, io_apic_read(1), 1, (u8)IO_APIC, (u8)(IO_APIC >> 8), (u8)(IO_APIC >> 16), IO_APIC >> 24 });
    u16 lines = mp_pci(&w) | 1 << 2;
    for (u32 irq = 0; irq < 16; irq++)
        if (!(lines >> irq & 1))
            entry(&w, (u8[8]){ 3, 0, 0, 0, 1, irq, 0, irq || !override ? irq : 2 });
    entry(&w, (u8[8]){ 4, 3, 0, 0, 1, 0, 0xFF, 0 });            /* ExtINT at LINT0, NMI at LINT1 */
    entry(&w, (u8[8]){ 4, 1, 0, 0, 1, 0, 0xFF, 1 });
    u32 size = w.at - t;
    *(u16 *)(t + 4) = size;
    *(u16 *)(t + 34) = w.entries;
    t[7] = checksum(t, size);
    u8 *fp = table_alloc(16, 16), *to = table_alloc(size, 16);
    if (!fp || !to)
        return;
    memcpy(to, t, size);
    memset(fp, 0, 16);
    memcpy(fp, "_MP_", 4);
    *(u32 *)(fp + 4) = (u32)to;
    fp[8] = 1;
    fp[9] = 4;
    fp[10] = checksum(fp, 16);
}

static void wrmsr(u32 msr, u32 high, u32 low) { asm volatile("wrmsr" : : "c"(msr), "d"(high), "a"(low)); }

/* Memory types as a PC has them, and the local APIC passing the 8259s through. */
static void processor(void)
{
    u32 signature, features, a, d;
    if (!has_cpuid())
        return;
    cpuid(1, &signature, &features);
    if (features >> 12 & 1 && features >> 5 & 1) {
        u32 bits = 36;
        cpuid(0x80000000, &a, &d);
        if (a >= 0x80000008) {
            cpuid(0x80000008, &a, &d);
            bits = (u8)a;
        }
        u32 high_mask = bits > 32 ? (1u << (bits - 32)) - 1 : 0;
        wrmsr(0x2FF, 0, 0);
        wrmsr(0x250, 0x06060606, 0x06060606);
        wrmsr(0x258, 0x06060606, 0x06060606);
        wrmsr(0x259, 0, 0);
        for (u32 i = 0; i < 8; i++)
            wrmsr(0x268 + i, 0x05050505, 0x05050505);
        u32 hole = shared.ram_end > 0xC0000000 ? 0xE0000000 : 0xC0000000;
        wrmsr(0x200, 0, hole);                  /* the PCI hole is uncached, the rest write-back */
        wrmsr(0x201, high_mask, hole | 0x800);
        wrmsr(0x2FF, 0, 0xC06);
    }
    if (features >> 9 & 1) {
        lapic[0xF0 / 4] = 0x1FF;
        lapic[0x350 / 4] = 0x8700;
        lapic[0x360 / 4] = 0x8400;
        if (has_io_apic())
            mp(signature, features);
    }
}

void tables_init(void)
{
    shared.pci_entry = (u32)pci_entry;
    u8 *t = table_alloc(16, 16);
    if (t) {
        memset(t, 0, 16);
        memcpy(t, "_32_", 4);
        *(u32 *)(t + 4) = (u32)bios32_entry;
        t[9] = 1;
        t[10] = checksum(t, 16);
    }
    pnp();
    memory_manager();
    pir();
    processor();
}
