import '@backstage/cli/asset-types';
import ReactDOM from 'react-dom/client';
import '@backstage/ui/css/styles.css';
import './styles.css';
import App from './App';
import { keepMended } from './mend';

ReactDOM.createRoot(document.getElementById('root')!).render(App.createRoot());
keepMended(document.body);
