import CLinux
import Glibc

/// The size of a terminal in characters, from either of its sides.
package struct TerminalWindow: Sendable, Hashable {
    package let columns: UInt16
    package let rows: UInt16

    package init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }

    /// Reads it (`TIOCGWINSZ`).
    package init(of terminal: OwnedFileDescriptor) throws(SystemError) {
        var window = winsize()
        try systemCall("ioctl TIOCGWINSZ") { terminal.withRawValue { swl_ioctl_pointer($0, UInt(TIOCGWINSZ), &window) } }
        self.init(columns: window.ws_col, rows: window.ws_row)
    }

    /// Sets the size (`TIOCSWINSZ`); the foreground program gets SIGWINCH.
    package func apply(to terminal: OwnedFileDescriptor) throws(SystemError) {
        var window = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try systemCall("ioctl TIOCSWINSZ") { terminal.withRawValue { swl_ioctl_pointer($0, UInt(TIOCSWINSZ), &window) } }
    }
}
