// Writes lines to stdout as fast as they are read: log_writer LINE_BYTES TOTAL_BYTES WRITE_BYTES. LINE_BYTES includes the
// newline; WRITE_BYTES is a multiple of LINE_BYTES or a part of it.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: log_writer LINE_BYTES TOTAL_BYTES WRITE_BYTES\n", stderr);
        return 2;
    }
    size_t line = strtoull(argv[1], NULL, 10), total = strtoull(argv[2], NULL, 10), size = strtoull(argv[3], NULL, 10);
    size_t period = size > line ? size : line;
    char *bytes = malloc(period);
    if (!bytes || !line || !size || period % line || period % size) {
        fputs("log_writer: WRITE_BYTES must be a multiple of LINE_BYTES or a part of it\n", stderr);
        return 2;
    }
    memset(bytes, 'x', period);
    for (size_t at = line; at <= period; at += line) {
        bytes[at - 1] = '\n';
    }
    for (size_t done = 0; done < total;) {
        ssize_t written = write(STDOUT_FILENO, bytes + done % period, size);
        if (written != (ssize_t)size) {
            perror("log_writer: write");
            return 1;
        }
        done += size;
    }
    return 0;
}
