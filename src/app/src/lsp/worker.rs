//! The thread that analyses: takes what happened, waits for a pause where somebody types, analyses, publishes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use betwixt_base::Problem;
use betwixt_findings::{Candidate, Status};
use lsp_types::notification::PublishDiagnostics;
use lsp_types::{MessageType, PublishDiagnosticsParams};
use rayon::ThreadPool;

use super::board::{Base, Board};
use super::client::Client;
use super::diagnostic::{Places, of_page};
use super::documents::Documents;
use super::tree::{Change, Settled, Times, Tree, Watcher};
use crate::failure::Failure;
use crate::project::tree_around;

/// How long nobody must type before unsaved text is analysed: less where analysing takes little.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// What happened.
#[derive(Debug)]
pub(super) enum Job {
    /// These folders belong to the workspace now.
    Added(Vec<PathBuf>),
    /// These do not any more.
    Removed(Vec<PathBuf>),
    /// A document was opened, with this text.
    Opened(PathBuf, Arc<str>),
    /// A document has another text, or was closed.
    Edited(PathBuf),
    /// A document was saved.
    Saved(PathBuf),
    /// Files changed on disk.
    Touched(Vec<PathBuf>),
    /// Files came or went, or files changed that say what is a service.
    Listed,
    /// Configuration, rules or models changed.
    Configured,
    /// Everything is to be read again.
    Rescan,
}

/// A folder of the workspace; without a tree while its configuration is wrong or nothing in it is read.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    tree: Option<Tree>,
    is_listed: bool,
    is_configured: bool,
}

/// All that the thread knows.
pub(super) struct Worker {
    client: Client,
    documents: Documents,
    board: Board,
    pool: ThreadPool,
    cancelled: Arc<AtomicBool>,
    /// Whether unsaved text is analysed.
    on_change: bool,
    folders: Vec<Folder>,
    edited: BTreeSet<PathBuf>,
    /// The text of open documents as it was analysed last.
    seen: BTreeMap<PathBuf, Arc<str>>,
    due: Option<Instant>,
    /// How long the last analysis took.
    last: Duration,
    /// What was lost and said already.
    told: BTreeSet<Problem>,
}

impl Worker {
    pub(super) fn new(
        client: Client,
        documents: Documents,
        board: Board,
        pool: ThreadPool,
        cancelled: Arc<AtomicBool>,
        on_change: bool,
    ) -> Self {
        Self {
            client,
            documents,
            board,
            pool,
            cancelled,
            on_change,
            folders: Vec::new(),
            edited: BTreeSet::new(),
            seen: BTreeMap::new(),
            due: None,
            last: LONGEST_PAUSE,
            told: BTreeSet::new(),
        }
    }

    /// Works until nobody sends any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match self.due {
                None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => jobs.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match job {
                Ok(job) => self.take(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(job) = jobs.try_recv() {
                self.take(job);
            }
            if self.due.is_some_and(|at| at <= Instant::now()) {
                self.due = None;
                self.work();
            }
        }
    }

    /// Notes what is to be done and by when.
    fn take(&mut self, job: Job) {
        let now = Instant::now();
        match job {
            Job::Added(paths) => {
                for path in paths {
                    self.add_folder(path);
                }
                self.due = Some(now);
            }
            Job::Removed(paths) => self.remove_folders(&paths),
            Job::Opened(path, text) => {
                // Nearly always what is on disk, and so what was analysed.
                self.seen.insert(path.clone(), text);
                self.take(Job::Edited(path));
            }
            Job::Edited(path) => {
                self.note(path);
                if self.on_change {
                    self.soon(now);
                }
            }
            Job::Saved(path) => {
                self.note(path);
                self.due = Some(now);
            }
            Job::Touched(paths) => {
                self.edited.extend(paths);
                self.soon(now);
            }
            Job::Listed => {
                self.folders
                    .iter_mut()
                    .for_each(|folder| folder.is_listed = false);
                self.soon(now);
            }
            Job::Configured => {
                self.folders
                    .iter_mut()
                    .for_each(|folder| folder.is_configured = false);
                self.soon(now);
            }
            Job::Rescan => {
                self.folders
                    .iter_mut()
                    .for_each(|folder| folder.tree = None);
                self.due = Some(now);
            }
        }
    }

    /// After a pause, unless something is due already.
    fn soon(&mut self, now: Instant) {
        if self.due.is_none_or(|at| at > now) {
            self.due = Some(now + self.last.clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
        }
    }

    /// A document outside all folders brings its own: a client may open a file and no folder.
    fn note(&mut self, path: PathBuf) {
        if self.folders.is_empty() {
            self.add_folder(tree_around(&path));
        }
        self.edited.insert(path);
    }

    fn add_folder(&mut self, path: PathBuf) {
        if self.folders.iter().all(|folder| folder.path != path) {
            self.folders.push(Folder {
                path,
                tree: None,
                is_listed: true,
                is_configured: true,
            });
        }
    }

    fn remove_folders(&mut self, paths: &[PathBuf]) {
        let folders = std::mem::take(&mut self.folders);
        let (gone, kept): (Vec<Folder>, Vec<Folder>) = folders
            .into_iter()
            .partition(|folder| paths.contains(&folder.path));
        self.folders = kept;
        for tree in gone.into_iter().filter_map(|folder| folder.tree) {
            self.publish(&tree, Settled::default());
        }
    }

    fn work(&mut self) {
        let edited = std::mem::take(&mut self.edited);
        let mut folders = std::mem::take(&mut self.folders);
        for folder in &mut folders {
            let done = match folder.tree.take() {
                None => self.open(folder),
                Some(tree) => self.update(folder, tree, &edited),
            };
            if let Err(failure) = done {
                self.say(&folder.path, &failure);
            }
        }
        self.folders = folders;
    }

    /// The first analysis of a folder, or one from the start.
    fn open(&mut self, folder: &mut Folder) -> Result<(), Failure> {
        let started = Instant::now();
        self.cancelled.store(false, Ordering::Relaxed);
        let working = self.client.working("Betwixt");
        let told = AtomicUsize::new(0);
        let progress = |done: usize, all: usize| {
            let percent = done * 80 / all.max(1);
            if told.fetch_max(percent, Ordering::Relaxed) < percent {
                working.report(percent as u32, &format!("{done} of {all} files"));
            }
        };
        let watcher = Watcher {
            progress: &progress,
            cancelled: &self.cancelled,
        };
        let opened = self
            .pool
            .install(|| Tree::open(&folder.path, &self.documents, &watcher));
        (folder.is_listed, folder.is_configured) = (true, true);
        let mut tree = opened?;
        if self.cancelled.load(Ordering::Relaxed) {
            self.client
                .log("betwixt: cancelled; the command `betwixt.rescan` starts again");
            return Ok(());
        }
        working.report(80, "looking for hits");
        let read = started.elapsed();
        let times = self.pool.install(|| tree.analyse());
        let shown = times.map(|times| {
            self.show(&tree, read, times, started);
            self.last = started.elapsed();
        });
        folder.tree = Some(tree);
        shown
    }

    /// What happened since: as little as possible is read, then everything is asked again.
    fn update(
        &mut self,
        folder: &mut Folder,
        mut tree: Tree,
        edited: &BTreeSet<PathBuf>,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let mut change = Change::Nothing;
        let quiet = Watcher {
            progress: &|_, _| {},
            cancelled: &AtomicBool::new(false),
        };
        let listed = self.pool.install(|| {
            if !folder.is_configured {
                tree.configure()?;
                // Other rules may find other things in the same facts.
                return tree.list(&self.documents, &quiet).map(|_| Change::Facts);
            }
            if !folder.is_listed {
                return tree.list(&self.documents, &quiet);
            }
            Ok(Change::Nothing)
        });
        (folder.is_listed, folder.is_configured) = (true, true);
        match listed {
            Ok(listed) => change = change.max(listed),
            Err(failure) => {
                folder.tree = Some(tree);
                return Err(failure);
            }
        }
        for path in edited {
            change = change.max(self.read(&mut tree, path));
        }
        if change == Change::Nothing {
            folder.tree = Some(tree);
            return Ok(());
        }
        let read = started.elapsed();
        if change != Change::Facts {
            self.show(&tree, read, Times::default(), started);
            folder.tree = Some(tree);
            return Ok(());
        }
        // What is known already: hits that moved along, and what comments silence now.
        let settled = tree.settle();
        self.publish(&tree, settled);
        let times = self.pool.install(|| tree.analyse());
        let outcome = times.map(|times| {
            self.show(&tree, read, times, started);
            self.last = started.elapsed();
        });
        folder.tree = Some(tree);
        outcome
    }

    fn read(&mut self, tree: &mut Tree, path: &Path) -> Change {
        let change = self.pool.install(|| tree.read(path, &self.documents));
        let document = self.documents.get(path);
        match (self.seen.remove(path), &document) {
            (Some(old), Some(new)) if change == Some(Change::Facts) => {
                tree.shift(path, &old, &new.text);
            }
            _ => {}
        }
        if let Some(document) = document {
            self.seen.insert(path.to_path_buf(), document.text);
        }
        change.unwrap_or(Change::Nothing)
    }

    fn show(&mut self, tree: &Tree, read: Duration, times: Times, started: Instant) {
        let settled = tree.settle();
        let is_open = |hit: &&Candidate| hit.status == Status::New;
        let n_hits = settled.hits.iter().filter(is_open).count();
        self.publish(tree, settled);
        for problem in tree.losses() {
            if self.told.insert(problem.clone()) {
                self.client
                    .warn(format!("betwixt: {}: {}", problem.file, problem.message));
            }
        }
        self.client.log(format!(
            "betwixt: {} files, {n_hits} open hits in {} ms (reading {}, linking {}, rules {})",
            tree.n_files(),
            started.elapsed().as_millis(),
            read.as_millis(),
            times.link,
            times.detect
        ));
    }

    /// Sends the diagnostics of every file where they are not what they were.
    fn publish(&self, tree: &Tree, settled: Settled) {
        let base = Arc::new(Base {
            folder: tree.folder().to_path_buf(),
            rules: Arc::clone(tree.rules()),
        });
        let mut places = Places::new(&self.documents, self.client.can);
        for path in self.board.put(&base, settled) {
            let Some(uri) = places.uri(&path) else {
                continue;
            };
            let page = self.board.page(&path);
            let diagnostics = page.map(|page| of_page(&path, &page, &mut places));
            self.client
                .notify::<PublishDiagnostics>(PublishDiagnosticsParams {
                    uri,
                    diagnostics: diagnostics.unwrap_or_default(),
                    version: self.documents.get(&path).map(|document| document.version),
                });
        }
    }

    /// What keeps a folder from being analysed; one without code is nobody's mistake.
    fn say(&self, folder: &Path, failure: &Failure) {
        let text = format!(
            "betwixt, {}: {failure}; {}",
            folder.display(),
            failure.next()
        );
        match failure {
            Failure::NothingToRead(_) => self.client.log(text),
            _ => self.client.show(MessageType::ERROR, text),
        }
    }
}
