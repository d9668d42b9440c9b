/* Paging: an alias of a page, accessed and dirty bits, page faults, a page of 4 MiB.  Off again afterwards. */
#include "core.h"

#define ALIAS 0xC0000000
#define HOLE 0xC0001000
#define LARGE 0xC0400000
#define PRESENT 3               /* and writable */
#define LARGE_PAGE 0x83
#define ACCESSED_DIRTY 0x60
#define PAGE_FAULT 14
#define PG 0x80000000
#define CR4_PSE 0x10

static u32 faults_right(void)
{
    u32 value;
    expected_vector = PAGE_FAULT;
    asm volatile("movl $1f,%0; movl %2,%1; 1:" : "=m"(expected_resume), "=r"(value) : "m"(*(u32 *)(HOLE + 4)) : "memory");
    if (expected_vector != ~0u || seen_vector != PAGE_FAULT || seen_cr2 != HOLE + 4 || seen_error != 0)
        return 0;
    expected_vector = PAGE_FAULT;
    asm volatile("movl $1f,%0; movl $0,%1; 1:" : "=m"(expected_resume), "=m"(*(u32 *)(HOLE + 8)) : : "memory");
    return expected_vector == ~0u && seen_cr2 == HOLE + 8 && seen_error == 2;
}

void check_mmu(struct check *c)
{
    u32 *directory = (u32 *)buffer_a, *low = directory + 1024, *high = directory + 2048, cr0, cr4;
    volatile u32 *page = (u32 *)buffer_b, *alias = (u32 *)ALIAS;
    int pse = (processor.features & F_PSE) != 0, seen, dirty, fault, large = 1;
    fill32(directory, 0, 3072);
    for (u32 i = 0; i < 1024; i++)
        low[i] = i << 12 | PRESENT;
    directory[0] = (u32)low | PRESENT;
    directory[ALIAS >> 22] = (u32)high | PRESENT;
    high[0] = (u32)page | PRESENT;
    page[7] = 0;
    CLI();
    if (pse) {
        directory[LARGE >> 22] = LARGE_PAGE;
        asm volatile("movl %%cr4,%0" : "=r"(cr4));
        asm volatile("movl %0,%%cr4" : : "r"(cr4 | CR4_PSE));
    }
    asm volatile("movl %%cr0,%0" : "=r"(cr0));
    asm volatile("movl %0,%%cr3; movl %1,%%cr0; jmp 1f; 1:" : : "r"(directory), "r"(cr0 | PG) : "memory");
    alias[7] = 0x600DCAFE;
    seen = page[7] == 0x600DCAFE;
    dirty = (high[0] & ACCESSED_DIRTY) == ACCESSED_DIRTY;
    fault = faults_right();
    if (pse)
        large = *(volatile u32 *)(LARGE + (u32)&page[7]) == 0x600DCAFE;
    asm volatile("movl %0,%%cr0; jmp 1f; 1:" : : "r"(cr0) : "memory");
    STI();
    if (!seen || !dirty || !fault || !large)
        fail(c, "%s", !seen ? "alias" : !dirty ? "accessed and dirty bits" : !fault ? "page fault" : "page of 4 MiB");
    else
        pass(c, pse ? "4 KiB and 4 MiB pages" : "4 KiB pages");
}
