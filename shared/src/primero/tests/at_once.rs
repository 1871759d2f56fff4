//! How many calls Primero gets at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const NOTHING: &str = r#"{"data":[],"metadata":{"total":0}}"#;

/// Calls that are being answered, and the most there were.
#[derive(Default)]
struct Load {
    now: AtomicUsize,
    most: AtomicUsize,
}

async fn answer(mut socket: TcpStream, load: Arc<Load>) -> std::io::Result<()> {
    let mut request = vec![0; 8192];
    while socket.read(&mut request).await? > 0 {
        let now = load.now.fetch_add(1, Ordering::SeqCst) + 1;
        load.most.fetch_max(now, Ordering::SeqCst);
        // So that whatever else is sent meanwhile is counted as well.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        load.now.fetch_sub(1, Ordering::SeqCst);
        let length = NOTHING.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        socket.write_all((head + NOTHING).as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn primero_never_has_more_than_sixteen_calls_of_one_run_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let load = Arc::new(Load::default());
    let counted = Arc::clone(&load);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, Arc::clone(&counted)));
        }
    });
    let client = client(&url, PrimeroAuth::Basic, API, DEFAULT_PASSWORD);

    let calls = (0..150).map(|_| client.choose_control(true));
    let answers = futures::future::join_all(calls).await;

    assert!(answers.iter().all(Result::is_ok));
    assert!(load.most.load(Ordering::SeqCst) <= 16);
}
