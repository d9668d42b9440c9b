/* Where things are.  Nothing that is written lies near code, except where a row is about that. */
#ifndef LAYOUT_H
#define LAYOUT_H
#define STACK_TOP 0x7000
#define IVT_POINTER 0x5000      /* what LIDT takes, for real mode and for protected mode */
#define IDT_POINTER 0x5008
#define NUMBERS 0x5100          /* variables of rows */
#define IDT 0x110000
#define DIRECTORY 0x111000      /* pages: the first 16 MiB as they are */
#define TABLES 0x112000
#define REAL_TABLE 0x20000
#define TABLE 0x180000          /* 4 KiB of words */
#define SOURCE 0x200000         /* 1 MiB each; not the same place in a page, nor in a cache */
#define TARGET 0x311000
#define FAR_PAGES 0x400000      /* 8 MiB, a page after another */
#define CODE32 8
#define DATA32 16
#define CODE16 24
#define DATA16 32
#define TEXT_MODE 0x03
#define PLANAR_MODE 0x12
#define MODE_13H 0x13
#endif
