//! Tables over all files: which file an id belongs to, methods by type and by name.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{FunctionIdx, Ir};
use betwixt_facts::{FileFacts, Function, Global, TypeDef, TypeKind};
use rustc_hash::FxHashMap;

use crate::ids::{FunctionId, GlobalId, TypeId};

/// Facts of all files with program-wide ids.
#[derive(Debug, Default)]
pub struct Code {
    /// Facts by file id; `None` for files without code.
    pub files: Vec<Option<FileFacts>>,
    functions: Vec<(FileId, FunctionIdx)>,
    types: Vec<(FileId, u32)>,
    globals: Vec<(FileId, u32)>,
    function_base: Vec<u32>,
    type_base: Vec<u32>,
    global_base: Vec<u32>,
}

impl Code {
    /// Numbers everything that is defined; linear.
    #[must_use]
    pub fn new(files: Vec<Option<FileFacts>>) -> Self {
        let mut code = Self::default();
        for (index, facts) in files.iter().enumerate() {
            let file = FileId(index as u32);
            code.function_base.push(code.functions.len() as u32);
            code.type_base.push(code.types.len() as u32);
            code.global_base.push(code.globals.len() as u32);
            if let Some(facts) = facts {
                code.functions
                    .extend((0..facts.functions.len() as u32).map(|i| (file, FunctionIdx(i))));
                code.types
                    .extend((0..facts.types.len() as u32).map(|i| (file, i)));
                code.globals
                    .extend((0..facts.globals.len() as u32).map(|i| (file, i)));
            }
        }
        code.files = files;
        code
    }

    /// The facts of a file that has code.
    ///
    /// # Panics
    ///
    /// When the file has none; ids of code never name such a file.
    #[must_use]
    pub fn facts(&self, file: FileId) -> &FileFacts {
        self.files[file.0 as usize]
            .as_ref()
            .expect("ids of code name files with facts")
    }

    /// The IR of a file that has code.
    #[must_use]
    pub fn ir(&self, file: FileId) -> &Ir {
        &self.facts(file).ir
    }

    /// Files with code.
    pub fn code_files(&self) -> impl Iterator<Item = (FileId, &FileFacts)> {
        self.files
            .iter()
            .enumerate()
            .filter_map(|(index, facts)| Some((FileId(index as u32), facts.as_ref()?)))
    }

    /// How many functions there are.
    #[must_use]
    pub fn n_functions(&self) -> usize {
        self.functions.len()
    }
    /// How many types there are.
    #[must_use]
    pub fn n_types(&self) -> usize {
        self.types.len()
    }
    /// How many globals there are.
    #[must_use]
    pub fn n_globals(&self) -> usize {
        self.globals.len()
    }

    /// All functions.
    pub fn function_ids(&self) -> impl Iterator<Item = FunctionId> + use<> {
        (0..self.functions.len() as u32).map(FunctionId)
    }

    /// The program-wide id of a function of a file.
    #[must_use]
    pub fn function_id(&self, file: FileId, idx: FunctionIdx) -> FunctionId {
        FunctionId(self.function_base[file.0 as usize] + idx.0)
    }
    /// The program-wide id of a type of a file.
    #[must_use]
    pub fn type_id(&self, file: FileId, index: usize) -> TypeId {
        TypeId(self.type_base[file.0 as usize] + index as u32)
    }
    /// The program-wide id of a global of a file.
    #[must_use]
    pub fn global_id(&self, file: FileId, index: usize) -> GlobalId {
        GlobalId(self.global_base[file.0 as usize] + index as u32)
    }

    /// Where a function is.
    #[must_use]
    pub fn function_place(&self, id: FunctionId) -> (FileId, FunctionIdx) {
        self.functions[id.index()]
    }
    /// The file of a function.
    #[must_use]
    pub fn file_of(&self, id: FunctionId) -> FileId {
        self.functions[id.index()].0
    }
    /// A function's facts.
    #[must_use]
    pub fn function(&self, id: FunctionId) -> &Function {
        let (file, idx) = self.functions[id.index()];
        &self.facts(file).functions[idx.index()]
    }
    /// The function around a closure.
    #[must_use]
    pub fn parent(&self, id: FunctionId) -> Option<FunctionId> {
        let (file, _) = self.functions[id.index()];
        self.function(id)
            .parent
            .map(|idx| self.function_id(file, idx))
    }
    /// The outermost named function a closure is written in; the function itself when it is none.
    #[must_use]
    pub fn outermost(&self, id: FunctionId) -> FunctionId {
        let mut current = id;
        while let Some(parent) = self.parent(current) {
            let (_, idx) = self.function_place(parent);
            if idx.0 == 0 {
                break;
            }
            current = parent;
        }
        current
    }
    /// Where a type is defined.
    #[must_use]
    pub fn type_place(&self, id: TypeId) -> (FileId, u32) {
        self.types[id.index()]
    }
    /// A type's facts.
    #[must_use]
    pub fn type_def(&self, id: TypeId) -> &TypeDef {
        let (file, index) = self.types[id.index()];
        &self.facts(file).types[index as usize]
    }
    /// Where a global is defined.
    #[must_use]
    pub fn global_place(&self, id: GlobalId) -> (FileId, u32) {
        self.globals[id.index()]
    }
    /// A global's facts.
    #[must_use]
    pub fn global(&self, id: GlobalId) -> &Global {
        let (file, index) = self.globals[id.index()];
        &self.facts(file).globals[index as usize]
    }
    /// Whether the type is an interface or trait.
    #[must_use]
    pub fn is_interface(&self, id: TypeId) -> bool {
        self.type_def(id).kind == TypeKind::Interface
    }
}

/// Methods by the type they belong to and by name.
#[derive(Debug, Default)]
pub struct Methods {
    by_type: FxHashMap<(TypeId, Symbol), FunctionId>,
    by_name: FxHashMap<Symbol, Vec<FunctionId>>,
    owner: FxHashMap<FunctionId, TypeId>,
    /// Go: the structs that embed a type, in id order.
    embedders: FxHashMap<TypeId, Vec<TypeId>>,
}

impl Methods {
    /// Records that a struct embeds a type.
    pub(crate) fn add_embedder(&mut self, embedded: TypeId, by: TypeId) {
        self.embedders.entry(embedded).or_default().push(by);
    }
    /// The structs that embed a type, in id order.
    #[must_use]
    pub fn embedders(&self, embedded: TypeId) -> &[TypeId] {
        self.embedders.get(&embedded).map_or(&[], Vec::as_slice)
    }
    /// Records a method.
    pub(crate) fn add(&mut self, owner: TypeId, name: Symbol, function: FunctionId) {
        self.by_type.entry((owner, name)).or_insert(function);
        self.owner.insert(function, owner);
    }
    /// Records a method whose type may be unknown under its name.
    pub(crate) fn add_name(&mut self, name: Symbol, function: FunctionId) {
        self.by_name.entry(name).or_default().push(function);
    }
    /// The type's own method of that name.
    #[must_use]
    pub fn own(&self, owner: TypeId, name: Symbol) -> Option<FunctionId> {
        self.by_type.get(&(owner, name)).copied()
    }
    /// All methods of that name, in id order.
    #[must_use]
    pub fn named(&self, name: Symbol) -> &[FunctionId] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }
    /// The type a method belongs to.
    #[must_use]
    pub fn owner(&self, function: FunctionId) -> Option<TypeId> {
        self.owner.get(&function).copied()
    }
}
