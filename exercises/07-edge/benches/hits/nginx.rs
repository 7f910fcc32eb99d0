//! nginx with its cache, where it is installed: a common edge of today's Web.
//!
//! It is started on loopback with its own configuration and folder, on the CPU of this process, whose
//! page it caches. A shell waits for the end of this process, and then ends nginx.

use std::fs;
use std::net::TcpListener as Reserved;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ladder::child::Seat;
use tokio::net::{TcpListener, TcpStream};
use web_server::serve;

use crate::answers::{limits, page, runtime};

/// Serves the page to nginx, which serves it to every request.
pub fn cached(seat: &Seat, announce: &dyn Fn(&str)) -> Result<(), String> {
    if Command::new("nginx").arg("-v").output().is_err() {
        return Err("nginx is not installed".to_owned());
    }
    runtime()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(|error| error.to_string())?;
        let origin = listener.local_addr().map_err(|error| error.to_string())?;
        let port = Reserved::bind(("127.0.0.1", 0))
            .and_then(|reserved| reserved.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let folder = seat.folder.join(format!("nginx-{port}"));
        let file = configured(&folder, port, origin.port()).map_err(|error| error.to_string())?;
        // Kept until this process ends: then the pipe closes, and `read` returns.
        let _nginx = Command::new("sh")
            .args([
                "-c",
                "nginx -c \"$1\" & read _; kill $!; rm -r \"$2\"",
                "sh",
            ])
            .args([&file, &folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if begun.elapsed() > Duration::from_secs(5) {
                return Err("nginx does not start".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        announce(&format!("127.0.0.1:{port}"));
        let handler = |_request| async { page() };
        serve(listener, limits(), handler, std::future::pending()).await;
        Ok(())
    })
}

fn configured(folder: &Path, port: u16, origin: u16) -> std::io::Result<std::path::PathBuf> {
    fs::create_dir_all(folder)?;
    let at = folder.display();
    let file = folder.join("nginx.conf");
    let text = format!(
        "daemon off;\nmaster_process off;\npid \"{at}/pid\";\nerror_log \"{at}/error.log\";\n\
         events {{ }}\nhttp {{\n  access_log off;\n  tcp_nopush on;\n\
         \x20 client_body_temp_path \"{at}/b\";\n  proxy_temp_path \"{at}/p\";\n\
         \x20 fastcgi_temp_path \"{at}/f\";\n  uwsgi_temp_path \"{at}/u\";\n  scgi_temp_path \"{at}/s\";\n\
         \x20 keepalive_requests 1000000000;\n  keepalive_timeout 1d;\n\
         \x20 proxy_cache_path \"{at}/c\" keys_zone=c:1m;\n\
         \x20 server {{\n    listen 127.0.0.1:{port};\n    location / {{\n\
         \x20     proxy_pass http://127.0.0.1:{origin};\n      proxy_cache c;\n    }}\n  }}\n}}\n"
    );
    fs::write(&file, text)?;
    Ok(file)
}
