//! The book's directives for `mdbook build` and `mdbook serve`, for readers who have mdBook.
//!
//! `cargo course` does the same in process, and also grades.

use std::io::{self, Write as _};
use std::process::ExitCode;

use course::book::preprocess::CoursePreprocessor;
use mdbook_preprocessor::{MDBOOK_VERSION, Preprocessor as _};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        // mdBook asks this first, and reads the answer from the exit code.
        ["supports", renderer] => {
            let supported = CoursePreprocessor::default()
                .supports_renderer(renderer)
                .unwrap_or(false);
            return if supported {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        [] => preprocess(),
        _ => Err(anyhow::anyhow!(
            "this is a preprocessor that mdBook runs; to read the book run `cargo course`"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn preprocess() -> anyhow::Result<()> {
    let (context, book) = mdbook_preprocessor::parse_input(io::stdin())?;
    if context.mdbook_version != MDBOOK_VERSION {
        eprintln!(
            "this book is made for mdBook {MDBOOK_VERSION}, and you run {}; if a page looks wrong, that is why",
            context.mdbook_version
        );
    }
    let book = CoursePreprocessor::default().run(&context, book)?;
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &book)?;
    Ok(out.flush()?)
}
