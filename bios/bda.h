/* The BIOS data area (segment 40h) and the extended one: offsets as the IBM PC/AT and PS/2 BIOS interface references name them. */
#ifndef BDA_H
#define BDA_H

#define BDA 0x40
#define BDA_COM 0x00            /* four words: serial ports */
#define BDA_LPT 0x08            /* three words: parallel ports */
#define BDA_EBDA 0x0E           /* segment of the extended area */
#define BDA_EQUIPMENT 0x10
#define BDA_MEMORY 0x13         /* KiB of base memory */
#define BDA_KB_FLAGS 0x17       /* and 18h */
#define BDA_KB_ALT 0x19         /* digits typed with Alt held */
#define BDA_KB_HEAD 0x1A
#define BDA_KB_TAIL 0x1C
#define BDA_KB_RING 0x1E        /* to 3Dh */
#define BDA_FD_RECAL 0x3E       /* bits 0-3: drive recalibrated, bit 7: interrupt came */
#define BDA_FD_MOTOR 0x3F
#define BDA_FD_TIMER 0x40
#define BDA_FD_STATUS 0x41
#define BDA_FD_RESULT 0x42      /* seven bytes */
#define BDA_RESUME 0x67         /* far address for a return from reset */
#define BDA_TICKS 0x6C
#define BDA_MIDNIGHT 0x70
#define BDA_BREAK 0x71
#define BDA_WARM 0x72           /* 1234h: no memory test */
#define BDA_HD_STATUS 0x74
#define BDA_HD_COUNT 0x75
#define BDA_LPT_TIMEOUT 0x78
#define BDA_COM_TIMEOUT 0x7C
#define BDA_KB_START 0x80
#define BDA_KB_END 0x82
#define BDA_FD_RATE 0x8B
#define BDA_HD_FLAG 0x8E        /* FFh: IRQ 14 came */
#define BDA_FD_MEDIA 0x90       /* a byte a drive */
#define BDA_FD_TRACK 0x94       /* a byte a drive */
#define BDA_KB_MODE 0x96
#define BDA_KB_LEDS 0x97
#define BDA_WAIT_FLAG 0x98      /* far pointer to the byte that a wait sets */
#define BDA_WAIT_COUNT 0x9C     /* microseconds */
#define BDA_WAIT_ACTIVE 0xA0

#define EBDA_SEGMENT 0x9FC0
#define EBDA_MOUSE_CALL 0x22    /* far pointer */
#define EBDA_MOUSE_FLAG1 0x26   /* bits 0-2: bytes collected, bit 7: interrupt taken for a packet */
#define EBDA_MOUSE_FLAG2 0x27   /* bits 0-2: bytes a packet, less one; bit 7: a handler is there */
#define EBDA_MOUSE_DATA 0x28    /* eight bytes */
#define EBDA_DISK_TABLES 0x3D   /* two of 16 bytes, for INT 41h and 46h */
#define EBDA_DISK_EXTENSION 0x5D        /* 16 bytes */

#endif
