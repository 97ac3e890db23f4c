import {
  AppWindow, Atom, Bird, BookOpen, Bot, Box, Brain, Brush, Calculator, Camera, ChartLine, Clapperboard, Cloud, Code, CodeXml, Compass,
  Cpu, Database, DraftingCompass, FileText, Film, FlaskConical, Folder, Gamepad2, GitBranch, Globe, GraduationCap, Hammer, Headphones,
  Image, Keyboard, Languages, Laptop, Leaf, LibraryBig, Lightbulb, type LucideIcon, Mail, Map, MessageSquare, Microscope, Monitor, Music,
  Network, NotebookPen, Palette, PenTool, Pencil, Presentation, Puzzle, Rocket, School, Server, Shapes, Sigma, Sparkles, SquareTerminal,
  Table, Terminal, Video, Wrench,
} from 'lucide-react';

/**
 * The icons a template may choose from, by their lucide names. All 1,700 would be thousands of files or
 * a hundred kilobytes; these are what school desktops are about.
 */
const ICONS: Record<string, LucideIcon> = {
  'app-window': AppWindow, atom: Atom, bird: Bird, 'book-open': BookOpen, bot: Bot, box: Box, brain: Brain, brush: Brush,
  calculator: Calculator, camera: Camera, 'chart-line': ChartLine, clapperboard: Clapperboard, cloud: Cloud, code: Code,
  'code-xml': CodeXml, compass: Compass, cpu: Cpu, database: Database, 'drafting-compass': DraftingCompass, 'file-text': FileText,
  film: Film, 'flask-conical': FlaskConical, folder: Folder, 'gamepad-2': Gamepad2, 'git-branch': GitBranch, globe: Globe,
  'graduation-cap': GraduationCap, hammer: Hammer, headphones: Headphones, image: Image, keyboard: Keyboard, languages: Languages,
  laptop: Laptop, leaf: Leaf, 'library-big': LibraryBig, lightbulb: Lightbulb, mail: Mail, map: Map, 'message-square': MessageSquare,
  microscope: Microscope, monitor: Monitor, music: Music, network: Network, 'notebook-pen': NotebookPen, palette: Palette,
  'pen-tool': PenTool, pencil: Pencil, presentation: Presentation, puzzle: Puzzle, rocket: Rocket, school: School, server: Server,
  shapes: Shapes, sigma: Sigma, sparkles: Sparkles, 'square-terminal': SquareTerminal, table: Table, terminal: Terminal, video: Video,
  wrench: Wrench,
};

export const templateIcon = (name: string | null): LucideIcon => (name === null ? undefined : ICONS[name]) ?? Monitor;
