/* What the real-mode part learns from the BIOS and leaves for the rest, at a fixed place.  For boot.S and C alike. */
#ifndef FACTS_H
#define FACTS_H

#define FACTS 0x6000
#define VBE_INFO 0x6100         /* 4F00h, 512 bytes */
#define MODE_INFO 0x6300        /* 4F01h, 256 bytes */
#define E820 0x6400             /* entries of 20 bytes */
#define E820_MOST 100
#define MAIN 0x10000            /* where the 32-bit program is loaded and starts */

#define FACT_DRIVE 0
#define FACT_MODE 4
#define FACT_DAC_BITS 8
#define FACT_FONT8 12
#define FACT_FONT14 16
#define FACT_FONT16 20
#define FACT_E820_COUNT 24
#define FACTS_SIZE 28

#ifndef __ASSEMBLER__
struct facts {
    u32 drive;                  /* BIOS number of the CD */
    u32 mode;                   /* VBE mode in force, 0: text */
    u32 dac_bits;
    const u8 *font8, *font14, *font16;  /* of the VGA BIOS */
    u32 e820_count;
};
struct range { u64 base, length; u32 type; } PACKED;
struct vbe_info { char signature[4]; u16 version; u16 oem_offset, oem_segment; u32 capabilities; u16 modes[2]; u16 memory_64k; } PACKED;
struct mode_info { u16 attributes; u8 unused[14]; u16 pitch, width, height; u8 cell[2], planes, bits; u8 more[14]; u8 *frame_buffer; } PACKED;

#define facts (*(struct facts *)FACTS)
#define e820 ((struct range *)E820)
#define vbe_info (*(struct vbe_info *)VBE_INFO)
#define mode_info (*(struct mode_info *)MODE_INFO)
#endif
#endif
