// Keeps the memory of a pod's shim small: most of this program is only needed while something starts.
#include "system/system.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// The linker places this header at the beginning of the program; it lists the program's parts.
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static uintptr_t heap;

void memory_begin(void)
{
    heap = (uintptr_t)malloc(16); // kept: memory of the C library itself lies before this address
}

void memory_forget(void)
{
    uintptr_t page = (uintptr_t)getpagesize(), first = (heap + page - 1) & ~(page - 1), end = (uintptr_t)sbrk(0);
    if (heap && end > first) {
        memset((void *)heap, 0, first - heap);
        madvise((void *)first, end - first, MADV_DONTNEED);
    }
}

void memory_settle(void)
{
    uintptr_t start = (uintptr_t)&__ehdr_start, page = (uintptr_t)getpagesize();
    const Elf64_Phdr *header = (const Elf64_Phdr *)(start + __ehdr_start.e_phoff);
    for (unsigned i = 0; i < __ehdr_start.e_phnum; i++) {
        // Never a writable part: written pages exist nowhere else.
        if (header[i].p_type == PT_LOAD && !(header[i].p_flags & PF_W)) {
            // The program is position-independent, so its first part has address 0 in the file.
            uintptr_t first = (start + header[i].p_vaddr) & ~(page - 1), end = start + header[i].p_vaddr + header[i].p_memsz;
            madvise((void *)first, end - first, MADV_DONTNEED);
        }
    }
}
