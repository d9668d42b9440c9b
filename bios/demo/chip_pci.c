/* PCI: the functions that answer. */
#include "core.h"

void check_pci(struct check *c)
{
    if (!pci_count) {
        absent(c, "none");
        return;
    }
    struct pci *host = pci_class(0x060000, 0xFFFF00);
    if (!host)
        fail(c, "no host bridge");
    else
        pass(c, "%u functions", pci_count);
    if (host)
        detail(c, "host bridge %04x:%04x %s", host->vendor, host->id, pci_name(host));
}
