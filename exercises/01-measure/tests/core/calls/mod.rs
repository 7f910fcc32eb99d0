//! Stage 2. One connection, many callers. The test plays the server, frame by frame.

mod replies;
mod sharing;
mod silence;
