//! The function in which an endless thread is.
//!
//! On Linux the thread is interrupted by a signal, and its handler records the stack. That allocates,
//! which a handler must not do in a program that continues. But this thread has been given up on
//! already: if the signal caught it inside the allocator, it hangs there, and the report has no
//! function. On other systems the function is unknown.

use std::thread::JoinHandle;

/// A function, and the line in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub function: String,
    /// `file:line`.
    pub place: String,
}

/// The innermost function that is neither the compiler's, nor a dependency's, nor a test's; `None` if
/// that is unknown.
#[cfg(not(target_os = "linux"))]
pub(crate) fn of(_thread: &JoinHandle<()>) -> Option<Whereabouts> {
    None
}

/// The innermost function that is neither the compiler's, nor a dependency's, nor a test's; `None` if
/// that is unknown.
#[cfg(target_os = "linux")]
pub(crate) fn of(thread: &JoinHandle<()>) -> Option<Whereabouts> {
    find(&linux::stack_of(thread)?)
}

/// Reads a backtrace as the standard library prints it: each function on a line, its place on the next.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "no stack to read")
)]
fn find(stack: &str) -> Option<Whereabouts> {
    let lines: Vec<&str> = stack.lines().map(str::trim).collect();
    lines.windows(2).find_map(|pair| {
        let (_, function) = pair[0].split_once(": ")?;
        let place = pair[1].strip_prefix("at ")?;
        let (place, _column) = place.rsplit_once(':')?;
        let others = ["/rustc/", "/.cargo/", "/registry/", "/given/", "/tests/"];
        let own = place.contains("/src/") && !others.iter().any(|other| place.contains(other));
        own.then(|| Whereabouts {
            function: function.replace("::{{closure}}", ""),
            place: place.trim_start_matches("./").to_owned(),
        })
    })
}

#[cfg(target_os = "linux")]
mod linux {
    use std::backtrace::Backtrace;
    use std::ffi::c_int;
    use std::os::unix::thread::{JoinHandleExt, RawPthread};
    use std::sync::{Mutex, PoisonError};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    /// A signal that nothing else uses: SIGWINCH, which is ignored by default.
    const SIGNAL: c_int = 28;

    /// How often, and how many times, to check whether the thread has answered.
    const STEP: Duration = Duration::from_millis(20);
    const STEPS: usize = 100;

    unsafe extern "C" {
        fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
        fn pthread_kill(thread: RawPthread, number: c_int) -> c_int;
    }

    /// The answer of the thread that was asked last.
    static ANSWER: Mutex<Option<Backtrace>> = Mutex::new(None);

    extern "C" fn answer(_: c_int) {
        let stack = Backtrace::force_capture();
        if let Ok(mut answer) = ANSWER.try_lock() {
            *answer = Some(stack);
        }
    }

    pub(super) fn stack_of(thread: &JoinHandle<()>) -> Option<String> {
        /// One question at a time.
        static ASKING: Mutex<()> = Mutex::new(());
        let _asking = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
        let take = || ANSWER.lock().unwrap_or_else(PoisonError::into_inner).take();
        take();
        // SAFETY: both are the C library's own. The handler has the type that `signal` wants, and the
        // handle keeps the thread's id valid, even if the thread has just ended.
        unsafe {
            signal(SIGNAL, answer);
            pthread_kill(thread.as_pthread_t(), SIGNAL);
        }
        let stack = (0..STEPS).find_map(|_| {
            thread::sleep(STEP);
            take()
        });
        stack.map(|stack| stack.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{Whereabouts, find};

    #[test]
    fn the_innermost_function_of_a_lab_is_found() {
        let stack = "   0: story::whereabouts::linux::answer\n             at /w/exercises/given/story/src/whereabouts.rs:60:21\n   1: <unknown>\n   2: core::ptr::read\n             at /rustc/0/library/core/src/ptr/mod.rs:1:1\n   3: bytes::Buf::get\n             at /home/me/.cargo/registry/src/x/bytes/src/buf.rs:1:1\n   4: measure::frame::encode::{{closure}}\n             at /w/exercises/01-measure/src/frame.rs:42:13\n   5: core::frame::whole\n             at /w/exercises/01-measure/tests/core/frame.rs:7:5\n";
        let expected = Whereabouts {
            function: "measure::frame::encode".to_owned(),
            place: "/w/exercises/01-measure/src/frame.rs:42".to_owned(),
        };
        assert_eq!(find(stack), Some(expected));
        assert_eq!(
            find(&stack.replace("01-measure/src", "01-measure/tests")),
            None
        );
        assert_eq!(find(""), None);
    }
}
