/* The demonstration: every part is found and exercised, the results are shown; then it plays. */
#include "screen.h"
#include "rtc.h"

void main(void)
{
    CLI();
    screen_start();
    interrupts_start();
    clock_start();
    STI();
    processor_identify();
    tables_find();
    serial_start();
    rtc_start();
    ui_paint();
    say("DEMO start: %s, %u KiB, %s", processor.brand, memory_kib(), screen.base ? "graphics" : "text");
    pci_scan();
    ide_find();
    run_checks(EARLY);
    run_checks(LATE);
    say("DEMO-READY");
    run_checks(AFTER);
    ui_ready = 1;
    input_start();
    say("DEMO-DONE %u pass, %u absent, %u fail", count_status(PASS), count_status(ABSENT), count_status(FAIL));
    if (!screen.base)
        console_line("F8 resets, F10 switches off.");
    ui_run();
}
