/* Registers of the 16550A (National Semiconductor PC16550D). */
#ifndef UART_H
#define UART_H
enum { RBR = 0, THR = 0, DLL = 0, IER = 1, DLM = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7 };
enum { IER_DATA = 1, IER_EMPTY = 2, IIR_NONE = 1, IIR_EMPTY = 2, IIR_FIFOS = 0xC0, FCR_ON = 1, FCR_CLEAR = 6, LCR_8N1 = 3, LCR_DLAB = 0x80,
       MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10, LSR_DATA = 1, LSR_EMPTY = 0x20, LSR_IDLE = 0x40 };
void serial_flush(void);
void serial_drain(void);
#endif
