"""Where QEMU and Bochs print something else than the manual says, and why: the program's line -> (what the peer prints, why).

None: the peer prints no such line; * stands for an address that depends on the program's layout.  Sections are those of the Intel SDM.
"""

NO_SHADOW = "holds TF off after any STI and any load of SS; 3A 6.8.3 names MOV SS and POP SS alone for debug exceptions"
QEMU_NO_RF = "TCG leaves RF out of the images of faults (3B 17.3.1.1): tests take it out of every line"
HLT_HANGS = "forgets the single-step trap when HLT with IF clear halts it; HLT (volume 2) ends by debug exceptions"
GD = "knows no general detect (3B 17.3.1.3)"
BOCHS_REP_RF = "does not set RF in the image between iterations of REP (3B 17.3.1.1)"
ICEBP = "gives #UD for F1 in TCG, which INT1 (volume 2) says is #DB"
NO_VME = "TCG has no VME: STI faults with IOPL below 3"
NO_LIMITS = "TCG checks no segment limits (3A 5.3)"
NO_AC = "TCG checks no alignment for this processor (3A 6.15, #AC)"
NO_MSR_CHECKS = "takes whatever is written to an MSR, known or not (WRMSR, volume 2)"
RSVD_P = "clears P with RSVD (3A 4.7: RSVD is set with P only)"
PDPTES = "reads the PDPTEs anew in each page walk (3A 4.4.1)"
TASK_FAULTS = "raises faults that belong to the new task while half of the old one is loaded, and dies (3A table 7-1)"

KNOWN = {
    ("qemu", "debug"): {
        "step.lss #DB +7 8 TF dr6=FFFF4FF0": ("step.lss #DB +8 8 TF dr6=FFFF4FF0", NO_SHADOW),
        "step.sti #DB +1 8 TF+IF dr6=FFFF4FF0": ("step.sti #DB +2 8 TF+IF dr6=FFFF4FF0", NO_SHADOW),
        "exec.mov_ss ok": ("exec.mov_ss #DB +5 8 - dr6=FFFF0FF1", "breakpoints know no shadow of MOV SS (3A 6.8.3)"),
        "exec.rep #DB +0 8 - dr6=FFFF0FF1": ("\n".join(["exec.rep #DB +0 8 - dr6=FFFF0FF1"] * 3),
                                             "RF ends with the first iteration of REP (3B 17.3.1.1)"),
        "exec.before_fault #DE +0 8 RF": ("exec.before_fault #DE +0 8 RF", "RF is still set from IRET"),
        "len2.unaligned #DB +5 8 - dr6=FFFF0FF1": ("len2.unaligned ok", "the low bits of the address count (3B 17.2.5)"),
        "data.two #DB +5 8 - dr6=FFFF0FF5": ("data.two #DB +5 8 - dr6=FFFF0FF1", "stops at the first match (3B 17.2.3)"),
        "data.step #DB +5 8 TF dr6=FFFF4FF1": ("data.step #DB +* 8 - sp-C dr6=FFFF4FF1",
                                               "delivers two traps, one on entering the handler of the other (3B 17.3.1)"),
        "data.mov_ss #DB +7 8 - dr6=FFFF0FF1": ("data.mov_ss #DB +6 8 - dr6=FFFF0FF1", "breakpoints know no shadow of MOV SS (3A 6.8.3)"),
        "data.mov_ss_int #DB +0 8 - sp-C dr6=FFFF0FF1": ("data.mov_ss_int #DB -* 8 - dr6=FFFF0FF1", "the same"),
        "data.mov_ss_icebp #DB +7 8 - dr6=FFFF0FF1": ("data.mov_ss_icebp #DB +6 8 - dr6=FFFF0FF1", "the same"),
        "data.mov_ss_int3 #DB +0 8 - sp-C dr6=FFFF0FF1": ("data.mov_ss_int3 #DB -* 8 - dr6=FFFF0FF1", "the same"),
        "data.rep_last #DB +2 8 - dr6=FFFF0FF1": ("data.rep_last #DB +0 8 - dr6=FFFF0FF1",
                                                  "EIP is left at REP after its last iteration (3B 17.3.1.2: the next instruction)"),
        "io.no_de ok": ("io.no_de #DB +2 8 - dr6=FFFF0FF1", "ignores CR4.DE; undefined (3B 17.2.4)"),
        "dr6.ones FFFFEFFF": ("dr6.ones FFFFFFFF", "lets bit 12 be set (3B 17.2.3)"),
        "dr7.reserved 400": ("dr7.reserved DC00", "lets reserved bits be set (3B 17.2.4)"),
        "gd #DB +0 8 RF dr6=FFFF2FF0": ("gd ok", GD),
        "gd.handler 400": ("gd.handler 2400", GD),
        "icebp #DB +1 8 - dr6=FFFF0FF0": ("icebp #UD +0 8 -", ICEBP),
        "icebp.user #DB +1 1B - dr6=FFFF0FF0": ("icebp.user #UD +0 1B -", ICEBP),
    },
    ("bochs", "debug"): {
        "step.rep #DB +0 8 TF+RF dr6=FFFF4FF0": ("step.rep #DB +0 8 TF dr6=FFFF4FF0", BOCHS_REP_RF),
        "step.repe #DB +0 8 TF+RF dr6=FFFF4FF0": ("step.repe #DB +0 8 TF dr6=FFFF4FF0", BOCHS_REP_RF),
        "data.rep #DB +0 8 RF dr6=FFFF0FF1": ("data.rep #DB +0 8 - dr6=FFFF0FF1", BOCHS_REP_RF),
        "data.mov_ss_int #DB +0 8 - sp-C dr6=FFFF0FF1": ("data.mov_ss_int int 80 -* 8 -", "INT n drops what MOV SS held off (3A 6.8.3)"),
        "data.mov_ss_icebp #DB +7 8 - dr6=FFFF0FF1": ("data.mov_ss_icebp #DB +7 8 - dr6=FFFF0FF0", "INT1 drops what MOV SS held off (3A 6.8.3)"),
        "data.mov_ss_int3 #DB +0 8 - sp-C dr6=FFFF0FF1": ("data.mov_ss_int3 #BP -* 8 -", "INT3 does, too"),
        "dr7.reserved 400": ("dr7.reserved C00", "bit 11 belongs to a later processor's RTM (3B 17.2.4)"),
        "gd #DB +0 8 RF dr6=FFFF2FF0": ("gd #DB +0 8 - dr6=FFFF2FF0", "leaves RF out of this fault's image (3B 17.3.1.1)"),
    },
    ("qemu", "init"): {
        **{f"again 5AFE000{n} 1234 89ABCDEF A5 0": (f"again 5AFE000{n} 0 0 0 0", "resets the whole machine (3A table 9-1, PIIX3)")
           for n in (1, 2, 3, 5)},
    },
    ("bochs", "init"): {
        "again 5AFE0005 1234 89ABCDEF A5 0": ("again 5AFE0005 0 0 A5 0", "resets a processor that has shut down (3A table 9-1, PIIX3)"),
    },
    ("qemu", "tasks"): {
        "chain.regs FFFF 8 78 0 0 7772": ("chain.regs 7 8 78 0 0 7772",
                                          "keeps the upper halves of registers; undefined for a 16-bit TSS (3A 7.6)"),
        "trapbit #DB +0 8 - sp+4000 dr6=FFFF8FF0 tr=40": ("trapbit ok", "ignores the T bit (3B 17.3.1.5)"),
        "trapbit.call #DB +0 8 NT sp+4000 dr6=FFFF8FF0 tr=40": ("trapbit.call ok", "ignores the T bit (3B 17.3.1.5)"),
        "excgate.error 1234 73FFC 0 10000": ("excgate.error 1234 73FFC 0 0", QEMU_NO_RF),
        "nest.saved 4202 10000": ("nest.saved 4202 0", QEMU_NO_RF),
        "old.page #PF(0) +0 8 RF cr2=400000": ("old.page #PF(0) +0 8 - cr2=40001C", "reads another field first, which the manual leaves open"),
        "dr7 4AA": ("dr7 5AA", "leaves LE set (3B 17.2.4)"),
        "old.gate_to_ldt #GP(44) +0 8 RF": ("old.gate_to_ldt #TS(44) +0 8 -", "wrong vector (CALL, volume 2: #GP)"),
        "old.exception_absent #NP(71) +0 8 RF": ("old.exception_absent #NP(70) +0 8 -", "forgets EXT (3A 6.13)"),
    },
    ("qemu", "v86"): {
        "limit #GP(0) +3 1000 I1+I2+RF+VM": ("limit int 90 +7 1000 I1+I2+VM", NO_LIMITS),
        "stack_limit #SS(0) +3 1000 I1+I2+RF+VM": ("stack_limit int 90 +8 1000 I1+I2+VM", NO_LIMITS),
        "level2 #GP(50) +0 1000 I1+I2+RF+VM": ("level2 #TS(0) +0 1000 I1+I2+VM", "looks for the inner stack first (INT n, volume 2: #GP)"),
    },
    ("qemu", "paging"): {
        "absent.rmw #PF(2) +0 8 RF cr2=400000": ("absent.rmw #PF(0) +0 8 - cr2=400000", "reads first, unless LOCK is there (3A 4.7)"),
        "global.cr3 A0A0A0A0": ("global.cr3 B1B1B1B1", "drops global entries too, as it may (3A 4.10.4.1)"),
        "pse.reserved #PF(9) +0 8 RF cr2=800000": ("pse.reserved #PF(8) +0 8 - cr2=800000", RSVD_P),
        "pse.reserved_user #PF(F) +0 1B RF cr2=800000": ("pse.reserved_user #PF(E) +0 1B - cr2=800000", RSVD_P),
        "pae.nx #PF(9) +0 8 RF cr2=403000": ("pae.nx #PF(8) +0 8 - cr2=403000", RSVD_P),
        "pae.maxphyaddr #PF(9) +0 8 RF cr2=403000": ("pae.maxphyaddr #PF(8) +0 8 - cr2=403000", RSVD_P),
        "pae.large_reserved #PF(9) +0 8 RF cr2=600000": ("pae.large_reserved #PF(8) +0 8 - cr2=600000", RSVD_P),
        "pae.pdpte_kept ok": ("pae.pdpte_kept #PF(0) +0 8 - cr2=40000000", PDPTES),
        "pae.pdpte_reserved #GP(0) +0 8 RF": ("pae.pdpte_reserved ok", PDPTES),
    },
    ("bochs", "paging"): {
        "pae.maxphyaddr #PF(9) +0 8 RF cr2=403000": ("pae.maxphyaddr ok", "has more than 36 physical address bits (3A 4.1.4)"),
    },
    ("qemu", "faults"): {
        "ud.lock_mov #UD +0 8 RF": ("ud.lock_mov ok", "takes LOCK before MOV (LOCK, volume 2)"),
        "ud.lock_bt #UD +0 8 RF": ("ud.lock_bt ok", "takes LOCK before BT (LOCK, volume 2)"),
        "nm.em_mmx #UD +0 8 RF": ("nm.em_mmx ok", "looks at EM for x87 instructions only (3A table 2-2)"),
        "mf #MF +0 8 RF": ("mf ok", "raises #MF at WAIT and few others only (volume 1, 8.7)"),
        "gp.limit #GP(0) +0 8 RF": ("gp.limit ok", NO_LIMITS),
        "gp.limit_across #GP(0) +0 8 RF": ("gp.limit_across ok", NO_LIMITS),
        "ss.limit #SS(0) +0 1B RF": ("ss.limit int 90 +8 1B -", NO_LIMITS),
        "gp.null #GP(0) +0 8 RF": ("gp.null ok", NO_LIMITS),
        "gp.readonly #GP(0) +0 8 RF": ("gp.readonly ok", NO_LIMITS),
        "gp.write_code #GP(0) +0 8 RF": ("gp.write_code ok", NO_LIMITS),
        "gp.run_off #GP(0) +0 68 RF": ("gp.run_off #UD +0 68 -", NO_LIMITS),
        "gp.run_across #GP(0) +0 68 RF": ("gp.run_across #UD +A 68 -", NO_LIMITS),
        "ac #AC(0) +0 1B RF+AC": ("ac int 90 +7 1B AC", NO_AC),
        "ac.word #AC(0) +0 1B RF+AC": ("ac.word int 90 +8 1B AC", NO_AC),
        "int.offset #GP(0) +0 8 RF": ("int.offset #DE +2 8 -", NO_LIMITS),
        "int.exception_cs #GP(11) +0 8 RF": ("int.exception_cs #GP(10) +0 68 -", "forgets EXT (3A 6.13)"),
    },
    ("qemu", "gates"): {
        "conforming int 91 +2 6B -": ("conforming int 91 +2 68 - sp+1FF8",
                                      "changes to level 0 by a call gate to conforming code (3A 5.8.2: CPL stays)"),
        "down.limit #GP(0) +0 8 RF": ("down.limit ok", NO_LIMITS),
        "down.across #GP(0) +0 8 RF": ("down.across ok", NO_LIMITS),
        "down16.above #GP(0) +0 8 RF": ("down16.above ok", NO_LIMITS),
        "down16.across #GP(0) +0 8 RF": ("down16.across ok", NO_LIMITS),
    },
    ("bochs", "registers"): {
        "msr.unknown #GP(0) +0 8 RF": ("msr.unknown ok", "is configured to ignore unknown MSRs by default (RDMSR, volume 2)"),
        "msr.unknown_write #GP(0) +0 8 RF": ("msr.unknown_write ok", "the same"),
    },
    ("bochs", "smc"): {
        "across.remap 11553344 99883344": ("across.remap 11553344 11553344",
                                           "keeps an instruction decoded though INVLPG dropped its second page (3A 4.10.4.1)"),
    },
    ("qemu", "registers"): {
        "cr0.nw #GP(0) +0 8 RF": ("cr0.nw ok", "TCG checks no combinations in CR0 (MOV CR, volume 2)"),
        "cr0.fixed 10": ("cr0.fixed 50", "keeps reserved bits of CR0 (3A 2.5)"),
        "pat.type2 #GP(0) +0 8 RF": ("pat.type2 ok", NO_MSR_CHECKS),
        "pat.type8 #GP(0) +0 8 RF": ("pat.type8 ok", NO_MSR_CHECKS),
        "mtrrcap.write #GP(0) +0 8 RF": ("mtrrcap.write ok", NO_MSR_CHECKS),
        "mtrr.default_type #GP(0) +0 8 RF": ("mtrr.default_type ok", NO_MSR_CHECKS),
        "mtrr.default_bits #GP(0) +0 8 RF": ("mtrr.default_bits ok", NO_MSR_CHECKS),
        "mtrr.base_type #GP(0) +0 8 RF": ("mtrr.base_type ok", NO_MSR_CHECKS),
        "mtrr.base_high #GP(0) +0 8 RF": ("mtrr.base_high ok", NO_MSR_CHECKS),
        "mtrr.mask_low #GP(0) +0 8 RF": ("mtrr.mask_low ok", NO_MSR_CHECKS),
        "mtrr.fixed_type #GP(0) +0 8 RF": ("mtrr.fixed_type ok", NO_MSR_CHECKS),
        "apic.reserved #GP(0) +0 8 RF": ("apic.reserved ok", NO_MSR_CHECKS),
        "msr.unknown #GP(0) +0 8 RF": ("msr.unknown ok", NO_MSR_CHECKS),
        "msr.unknown_write #GP(0) +0 8 RF": ("msr.unknown_write ok", NO_MSR_CHECKS),
    },
    ("bochs", "interrupts"): {
        "rep int 20 +0 8 IF+RF": ("rep int 20 +0 8 IF", BOCHS_REP_RF),
    },
    ("qemu", "interrupts"): {
        "sti.mov_ss int 20 +4 8 IF": ("sti.mov_ss int 20 +3 8 IF", "MOV SS in the shadow of STI casts none itself (3A 6.8.3)"),
        "rep int 20 +0 8 IF+RF": ("rep int 20 +* 8 IF", "looks at interrupts between blocks of its own making, maybe after REP only"),
    },
    ("qemu", "nmi_tasks"): {
        "absent #NP(13) +0 8 RF": ("absent #NP(12) +0 8 -", "forgets EXT (3A 6.13)"),
    },
    ("qemu", "v86irq"): {
        "vme.if #GP(0) +1 1000 RF+VM+VIF": ("vme.if #GP(0) +0 1000 VM", NO_VME),
        "vme.if int 20 +1 1000 IF+RF+VM+VIF": ("vme.if int 20 +0 1000 IF+VM", NO_VME),
        "vip.vif #GP(0) +0 1000 IF+RF+VM+VIF+VIP": ("vip.vif #GP(0) +1 1000 IF+VM+VIF+VIP", NO_VME),
    },
    ("qemu", "real"): {
        "ud.lock #UD +0 1000 -": ("ud.lock int 90 +5 1000 -", "takes LOCK before MOV (LOCK, volume 2)"),
        "gp.word #GP +0 1000 -": ("gp.word int 90 +4 1000 -", NO_LIMITS),
        "gp.offset #GP +0 1000 -": ("gp.offset int 90 +5 1000 -", NO_LIMITS),
        "ss.word #SS +0 1000 -": ("ss.word int 90 +5 1000 -", NO_LIMITS),
        "ss.pop #SS +0 1000 - sp=FFFF": ("ss.pop int 90 +3 1000 - sp=1", NO_LIMITS),
    },
}

# From this line on a peer cannot follow a program.
STOPS = {
    ("qemu", "debug"): ("step.hlt #DB +1 8 TF dr6=FFFF4FF0", HLT_HANGS),
    ("bochs", "debug"): ("step.hlt #DB +1 8 TF dr6=FFFF4FF0", HLT_HANGS),
    ("qemu", "registers"): ("cr4.reserved #GP(0) +0 8 RF", "dies of reserved bits in CR4 (MOV CR, volume 2)"),
    ("bochs", "dma"): ("fdc.loop 3", "goes on with a decoded loop that a device has written over (3A 11.6)"),
    ("qemu", "interrupts"): ("ferr 1 2D", "FERR# with TCG ends in a failed assertion"),
    ("qemu", "ferr"): ("at_once int 2D +2 8 IF", "with TCG an error of the x87 is never reported by FERR# (volume 1, D.2)"),
    ("bochs", "ferr"): ("at_once int 2D +2 8 IF", "pulls IRQ 13 at the next waiting instruction and goes on (volume 1, D.2)"),
    ("qemu", "nmi"): ("icr NMI +A 8 -", "takes an NMI that the processor sends to itself some time later"),
    ("bochs", "nmi"): ("lint0 NMI +1 8 -", "its LINT0 sends no NMI (3A 10.5.1)"),
    ("qemu", "real"): ("gp.jump #GP +0 1000 -", NO_LIMITS + ": it runs wild"),
    ("qemu", "v86"): ("vme3.own #GP(0) +0 1000 I1+I2+RF+VM", "TCG has no VME"),
    ("bochs", "v86"): ("eip #GP(0) +0 8 RF", "IRET to virtual-8086 mode does not check EIP, and runs wild (IRET, volume 2)"),
    ("qemu", "paging"): ("pg.no_pe #GP(0) +0 8 RF", "switches paging on in real mode, and dies (MOV CR0, volume 2)"),
    ("qemu", "tasks"): ("new.cs_null #TS(0) +0 3 RF tr=40", TASK_FAULTS),
}
