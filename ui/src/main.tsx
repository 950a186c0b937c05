import { render } from 'preact';
import { App } from './app/app';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/flags.css';
import './styles/flag.css';
import './styles/pages.css';

render(<App />, document.getElementById('app')!);
